/// Why a graph could not be recorded or written: which operation, what it was given, what it needs.
public struct GraphError: Error, CustomStringConvertible, Sendable {
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}
