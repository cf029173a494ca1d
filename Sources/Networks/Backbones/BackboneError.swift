/// A backbone that cannot be built, or pictures that it cannot take.
public struct BackboneError: Error, CustomStringConvertible, Sendable, Equatable {
  public let description: String

  init(_ description: String) { self.description = description }
}
