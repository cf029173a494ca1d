/// A weights file that cannot be read, or whose content is not what was asked for.
public struct WeightsFileError: Error, CustomStringConvertible, Sendable, Equatable {
  public let file: String
  public let reason: String

  public init(file: String, reason: String) { (self.file, self.reason) = (file, reason) }

  public var description: String { "\(file): \(reason)" }
}
