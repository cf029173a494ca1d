import Foundation
import Norma
import Testing

@Suite("Memory of pictures in flight")
struct DecodingMemoryTests {
  private final class Watch: @unchecked Sendable {
    private let lock = NSLock()
    private var now = 0
    private(set) var most = 0

    func add(_ bytes: Int) {
      lock.withLock {
        now += bytes
        most = max(most, now)
      }
    }
  }

  /// One of the size of it all, and small ones: never more than fits at once, and all get through.
  @Test func neverMoreThanTheBudget() {
    let memory = DecodingMemory(limit: 10 * DecodingMemory.bytesPerPixel)
    let watch = Watch()
    DispatchQueue.concurrentPerform(iterations: 64) { number in
      let pixels = number % 8 == 0 ? 10 : 3
      memory.decoding(pixels: pixels) {
        watch.add(pixels)
        usleep(200)
        watch.add(-pixels)
      }
    }
    #expect(watch.most <= 10)
  }

  @Test func whatIsLargerThanTheBudgetIsDecodedAlone() {
    let memory = DecodingMemory(limit: 10)
    #expect(memory.decoding(pixels: 1_000_000) { 7 } == 7)
    #expect(memory.decoding(pixels: .max) { 8 } == 8)
  }
}
