import Foundation
import Testing
import Torch

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
