import Foundation

/// Passes the end of a run, which OpenVINO reports on a thread of its own, to who awaits it.
final class Completion: @unchecked Sendable {
  private let lock = NSLock()
  private var continuation: CheckedContinuation<Void, any Error>?

  /// This object for a C callback, which must not outlive it.
  var reference: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

  static func from(_ reference: UnsafeMutableRawPointer?) -> Completion? {
    reference.map { Unmanaged<Completion>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Who waits for the next end, if anybody does.
  func expect(_ continuation: CheckedContinuation<Void, any Error>?) {
    lock.withLock { self.continuation = continuation }
  }

  func finish() {
    let waiting = lock.withLock {
      defer { continuation = nil }
      return continuation
    }
    waiting?.resume()
  }
}
