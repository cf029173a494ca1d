import Foundation

/// How much memory pictures may take while they are decoded, all threads together: a few of the size of the
/// limit at once would take more than most machines have. One that is larger than all of it is decoded alone.
package final class DecodingMemory: @unchecked Sendable {
  /// 2 GiB, or a quarter of what the machine has.
  static let shared = DecodingMemory(
    limit: Int(clamping: min(2 << 30, ProcessInfo.processInfo.physicalMemory / 4)))

  /// A decoder's rows and buffers, colours of 16 bits and four channels included.
  package static let bytesPerPixel = 8

  private let limit: Int
  private var used = 0
  private let condition = NSCondition()

  package init(limit: Int) { self.limit = limit }

  /// `work`, as soon as there is room for a picture of so many pixels.
  package func decoding<Result>(pixels: Int, _ work: () throws -> Result) rethrows -> Result {
    let (wanted, overflows) = pixels.multipliedReportingOverflow(by: Self.bytesPerPixel)
    let bytes = overflows ? limit : min(max(0, wanted), limit)
    condition.lock()
    while used + bytes > limit { condition.wait() }
    used += bytes
    condition.unlock()
    defer {
      condition.lock()
      used -= bytes
      condition.broadcast()
      condition.unlock()
    }
    return try work()
  }
}
