import Foundation
import Testing
import Torch

/// Freed tensors' memory. One test, as the limit is the process's.
@Suite(.serialized) struct MemoryTests {
  @Test func freedMemoryIsKeptUpToItsLimitAndUsedAgain() throws {
    let limit = 8 << 20
    Machine.reusesMemory(limit)
    defer { Machine.reusesMemory() }
    for round in 0..<3 {
      var tensors: [Tensor] = []
      for index in 0..<6 {
        let value = Float(round * 10 + index)
        tensors.append(
          try Tensor(repeating: value, shape: [512, 1024]).affine(scale: 2, offset: 1))
      }
      // What was kept of the last round did not bleed into this one.
      for (index, tensor) in tensors.enumerated() {
        let values = try tensor.floats()
        #expect(values.allSatisfy { $0 == 2 * Float(round * 10 + index) + 1 })
      }
      tensors = []
      #expect(Machine.reusableMemory <= limit)
    }
    Machine.reusesMemory(0)
    #expect(Machine.reusableMemory == 0)
  }

  @Test func severalThreadsMayAllocate() throws {
    Machine.reusesMemory(16 << 20)
    defer { Machine.reusesMemory() }
    let right = (0..<4).map { _ in Flag() }
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      for round in 0..<40 {
        let rows = 128 * (1 + (round + thread) % 5)
        guard let tensor = try? Tensor(repeating: Float(thread), shape: [rows, 1024]),
          let sum = try? (tensor + tensor).floats()
        else { return }
        guard sum.allSatisfy({ $0 == 2 * Float(thread) }) else { return }
      }
      right[thread].isSet = true
    }
    #expect(right.map(\.isSet) == [true, true, true, true])
    #expect(Machine.reusableMemory <= 16 << 20)
  }

  private final class Flag: @unchecked Sendable {
    var isSet = false
  }
}
