import Yams

/// A step of a learning rate's schedule: `{epoch: 800, factor: 0.1}`.
public struct RateDrop: Codable, Sendable, Equatable {
  /// After so many epochs …
  public var epoch: Int
  /// … the rate is multiplied by this.
  public var factor: Double

  public init(epoch: Int, factor: Double) {
    self.epoch = epoch
    self.factor = factor
  }
}

extension RateDrop: RecipeValue {
  init(yaml node: Node) throws {
    guard case .mapping(let mapping) = node, mapping.count == 2, let epoch = mapping["epoch"],
      let factor = mapping["factor"]
    else { throw RecipeValueProblem(expected: "{epoch: 800, factor: 0.1}", found: node) }
    self.init(epoch: try Int(yaml: epoch), factor: try Double(yaml: factor))
  }

  var yaml: String { "{epoch: \(epoch.yaml), factor: \(factor.yaml)}" }
}
