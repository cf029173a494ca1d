internal import CTorch

/// LibTorch refused an operation.
public struct TorchError: Error, CustomStringConvertible, Sendable {
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}

/// Throws what LibTorch said when `status` is not 0.
func check(_ status: Int32) throws {
  guard status != 0 else { return }
  throw TorchError("LibTorch: " + String(cString: ctorch_last_error()))
}
