import Networks
import Torch

/// A method that rebuilds features as if their picture were normal, so that a decoder can show what it
/// takes for normal.
public protocol RebuildingMethod: AnomalyMethod {
  /// What makes of features what a trained network makes of them, in the order in which it comes to it;
  /// the last is what the anomaly map compares with.
  ///
  /// - Parameters:
  ///   - parameters: the trained network's.
  ///   - examples: features of good pictures, of which at least one, for methods whose steps can only be
  ///     read by what fits these.
  /// - Returns: from one map `[batch, C, h, w]` for each level of the method.
  func rebuilder(
    _ parameters: Parameters<Tensor>, examples: [Tensor]
  ) throws -> ([Tensor]) throws -> [RebuiltFeatures]

  /// What people have to know of what the rebuilder makes; nil when that is plain.
  var rebuildingNote: String? { get }

  /// What the network rebuilds when it sees nothing: what it has learned, whatever the picture is.
  /// None unless said otherwise.
  ///
  /// - Parameter mean: the mean feature everywhere, `[1, C, h, w]` a level.
  func learned(
    _ mean: [Tensor], _ parameters: Parameters<Tensor>
  ) throws -> [RebuiltFeatures]
}

/// Features that a network made.
public struct RebuiltFeatures {
  /// Such as `step 1`.
  public var name: String
  /// One map `[batch, C, h, w]` a level.
  public var maps: [Tensor]

  public init(name: String, maps: [Tensor]) {
    (self.name, self.maps) = (name, maps)
  }
}

extension RebuildingMethod {
  public var rebuildingNote: String? { nil }

  public func learned(
    _ mean: [Tensor], _ parameters: Parameters<Tensor>
  ) throws -> [RebuiltFeatures] { [] }
}
