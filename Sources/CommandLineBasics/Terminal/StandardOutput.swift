import Foundation

/// Standard output, a line at a time.
public enum StandardOutput {
  /// Whoever read the output has gone, which is no error: the work just ends.
  public struct ReaderGone: Error {}

  /// Writes `line` and a line break. Throws `ReaderGone`, or `OutputError` when the disk is full.
  public static func print(_ line: String) throws {
    let bytes = Array((line + "\n").utf8)
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count >= 0 {
        done += count
      } else if errno == EPIPE {
        throw ReaderGone()
      } else if errno != EINTR {
        throw OutputError(reason: String(cString: strerror(errno)))
      }
    }
  }

  /// Standard output takes nothing more.
  struct OutputError: Error, CustomStringConvertible {
    var reason: String
    var description: String { "the output cannot be written: \(reason)" }
  }
}

/// Standard error: what is said to the person beside the output.
public enum Messages {
  /// A line.
  public static func say(_ text: String) { write(text + "\n") }

  /// Text as it is. Where it cannot be written nobody is listening, which stops nothing.
  static func write(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count > 0 {
        rest = rest.dropFirst(count)
      } else if count == 0 || errno != EINTR {
        return
      }
    }
  }
}
