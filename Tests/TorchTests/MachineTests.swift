import Foundation
import Testing
import Torch

struct DeviceTests {
  @Test func theProcessorIsInUseUnlessSaidOtherwise() throws {
    try Machine.use(.cpu)
    #expect(Machine.device == .cpu)
    #expect(!Recording.isPossible)
  }

  @Test(.enabled(if: !Machine.hasGPU, "needs a machine without an NVIDIA GPU"))
  func aCardThatIsNotThereIsMissed() {
    let error = #expect(throws: TorchError.self) { try Machine.use(.cuda) }
    let words = error?.description ?? ""
    #expect(words.contains("cuda") && words.contains("--device cpu"), "\(words)")
    #expect(Machine.device == .cpu)
  }

  @Test func whatCannotBeRecordedSaysWhy() throws {
    let noise = try Generator(seed: 1)
    let error = #expect(throws: TorchError.self) { _ = try Recording(noise: noise) {} }
    #expect(error?.description.contains("CUDA") == true)
  }

  @Test(arguments: [false, true]) func aGeneratorBeginsAgain(onDevice: Bool) throws {
    let generator = try Generator(seed: 5, onDevice: onDevice)
    let first = try generator.normal([7]).floats()
    let second = try generator.normal([7]).floats()
    #expect(first != second)
    try generator.reseed(5)
    #expect(try generator.normal([7]).floats() == first)
    #expect(try Generator(seed: 5).normal([7]).floats() == first)
  }

  @Test func rowsAreGathered() throws {
    // 1, 2, −3 and ½ as 16-bit brain floats: the upper halves of 32-bit ones.
    let table = try Tensor(keepingBFloats: [0x3F80, 0x4000, 0xC040, 0x3F00], shape: [2, 2])
    let rows = try Tensor(rows: [1, 0, 1])
    let gathered = try table.selected(rows: rows).toFloat()
    #expect(gathered.shape == [3, 2])
    #expect(try gathered.floats() == [-3, 0.5, 1, 2, -3, 0.5])
    #expect(throws: TorchError.self) { try table.selected(rows: Tensor(rows: [2])) }
  }

  @Test func tensorsChangeInPlace() throws {
    let sum = try Tensor([1, 2], shape: [2])
    try sum.accumulate(Tensor([10, 20], shape: [2]))
    #expect(try sum.floats() == [11, 22])
    try sum.copy(from: Tensor([3, 4], shape: [2]))
    #expect(try sum.floats() == [3, 4])
    try sum.fill(7)
    #expect(try sum.floats() == [7, 7])
    // Outside the gradient's record: a loss that is added up still leads to its parameter, and only so.
    let parameter = try Tensor([2], shape: [1])
    try parameter.requireGradient()
    let loss = try parameter * parameter
    let total = try Tensor(repeating: 0, shape: [1])
    try total.accumulate(loss)
    try loss.backward()
    #expect(try parameter.gradient()?.floats() == [4])
    #expect(try total.item() == 4)
  }

  @Test(arguments: [Float(0.5), 100]) func gradientsAreLimitedAsTheyAreClipped(limit: Float) throws
  {
    func gradient(_ limited: (Adam) throws -> Void) throws -> [Float] {
      let parameter = try Tensor([1, -2, 3], shape: [3])
      try parameter.requireGradient()
      let adam = try Adam([parameter], settings: .init(rate: 0.1))
      try (parameter * parameter).sum(axes: [0]).reshaped([]).backward()
      try limited(adam)
      return try #require(try parameter.gradient()).floats()
    }
    let clipped = try gradient { try $0.clipGradients(to: limit) }
    #expect(try gradient { try $0.limitGradients(to: limit) } == clipped)
  }

  @Test func aRateThatTheDeviceReadsMovesAlike() throws {
    func moved(readsRate: Bool) throws -> [Float] {
      let parameter = try Tensor([1, -2, 3], shape: [3])
      try parameter.requireGradient()
      let adam = try Adam(
        [parameter], settings: .init(rate: 0.1, weightDecay: 0.01), readsRate: readsRate)
      for step in 0..<5 {
        try adam.clearGradients()
        try (parameter * parameter).sum(axes: [0]).reshaped([]).backward()
        adam.settings.rate = 0.1 / Double(step + 1)
        try adam.step()
      }
      return try parameter.floats()
    }
    let (told, read) = (try moved(readsRate: false), try moved(readsRate: true))
    for (a, b) in zip(told, read) { #expect(abs(a - b) < 1e-6) }
  }
}

/// Freed tensors' memory. The limit is the process's, so each test has a process of its own.
struct MemoryTests {
  @Test func freedMemoryIsKeptUpToItsLimitAndUsedAgain() async {
    await #expect(processExitsWith: .success) {
      let limit = 8 << 20
      Machine.reusesMemory(limit)
      for round in 0..<3 {
        var tensors: [Tensor] = []
        for index in 0..<6 {
          let value = Float(round * 10 + index)
          tensors.append(
            try Tensor(repeating: value, shape: [512, 1024]).affine(scale: 2, offset: 1))
        }
        // What was kept of the last round did not bleed into this one.
        for (index, tensor) in tensors.enumerated() {
          let expected = 2 * Float(round * 10 + index) + 1
          #expect(try tensor.floats().allSatisfy { $0 == expected })
        }
        tensors = []
        #expect(Machine.reusableMemory > 0 && Machine.reusableMemory <= limit)
      }
      Machine.reusesMemory(0)
      #expect(Machine.reusableMemory == 0)
    }
  }

  @Test func severalThreadsMayAllocate() async {
    await #expect(processExitsWith: .success) {
      Machine.reusesMemory(16 << 20)
      DispatchQueue.concurrentPerform(iterations: 4) { thread in
        for round in 0..<40 {
          let rows = 128 * (1 + (round + thread) % 5)
          let sum =
            try? Tensor(repeating: Float(thread), shape: [rows, 1024])
            + Tensor(
              repeating: 1, shape: [rows, 1024])
          let values = try? sum?.floats()
          #expect(values?.allSatisfy { $0 == Float(thread) + 1 } == true)
        }
      }
      #expect(Machine.reusableMemory <= 16 << 20)
    }
  }
}
