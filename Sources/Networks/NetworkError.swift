/// A network that cannot be built as asked.
public struct NetworkError: Error, CustomStringConvertible, Sendable {
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}
