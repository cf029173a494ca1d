import NormaCore

/// A file that cannot be read as a picture: which, and why.
public struct PictureError: Error, CustomStringConvertible, Sendable, Equatable {
  /// The file, as the caller named it.
  public var path: String
  /// What was found, what was expected, what can be done.
  public var reason: String

  public init(path: String, reason: String) {
    (self.path, self.reason) = (path, reason)
  }

  public var description: String { "\(path): \(reason)" }
}

extension PictureFormat {
  /// The format's name as people write it.
  var title: String {
    switch self {
    case .jpeg, .png, .tiff, .bmp: rawValue.uppercased()
    case .webp: "WebP"
    }
  }
}
