internal import COpenVINO
import Foundation

/// What OpenVINO was asked to do, and what it said about why it could not.
public struct OpenVINOError: Error, CustomStringConvertible, Sendable {
  public let description: String

  init(_ description: String) {
    self.description = description
  }

  /// OpenVINO's own words are kept for the whole process, not per thread: read them at once.
  init(_ status: ov_status_e, _ attempt: String) {
    var reason = String(cString: ov_get_error_info(status))
    if let message = ov_get_last_err_msg() {
      // Where in OpenVINO's own source it was thrown helps nobody who reads this.
      let lines = String(cString: message).split(separator: "\n")
        .filter { !$0.hasPrefix("Exception from ") && !$0.allSatisfy(\.isWhitespace) }
      if !lines.isEmpty { reason = lines.joined(separator: "\n") }
      ov_free(message)
    }
    description = "OpenVINO: \(attempt): \(reason)"
  }
}

/// Throws what OpenVINO said when `status` is a failure; `attempt` says what it was asked to do.
func check(_ status: ov_status_e, _ attempt: @autoclosure () -> String) throws {
  guard status == OK else { throw OpenVINOError(status, attempt()) }
}

/// The object that a C function creates through its out-parameter.
func create(
  _ attempt: @autoclosure () -> String,
  _ body: (UnsafeMutablePointer<OpaquePointer?>) -> ov_status_e
) throws -> OpaquePointer {
  var pointer: OpaquePointer?
  try check(body(&pointer), attempt())
  guard let pointer else { throw OpenVINOError("OpenVINO: \(attempt()): no object was made") }
  return pointer
}

/// The text that a C function returns through its out-parameter.
func text(
  _ attempt: @autoclosure () -> String,
  _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> ov_status_e
) throws -> String {
  var characters: UnsafeMutablePointer<CChar>?
  try check(body(&characters), attempt())
  guard let characters else { return "" }
  defer { ov_free(characters) }
  return String(cString: characters)
}
