import Networks
import Torch

extension RASMethod: RebuildingMethod {
  public func rebuilt(
    _ features: [Tensor], _ parameters: Parameters<Tensor>
  ) throws -> [RebuiltFeatures] {
    let steps = try RAS(configuration, parameters).steps(Self.aligned(features))
    return steps.enumerated().map { RebuiltFeatures(name: "step \($0 + 1)", maps: [$1]) }
  }
}

extension UniADMethod: RebuildingMethod {
  public func rebuilt(
    _ features: [Tensor], _ parameters: Parameters<Tensor>
  ) throws -> [RebuiltFeatures] {
    let tokens = try UniAD(configuration, parameters).reconstruction(Self.aligned(features))
    return [RebuiltFeatures(name: "rebuilt", maps: [try tokens.featureMap(grid)])]
  }
}

extension URANetMethod: RebuildingMethod {
  public func rebuilt(
    _ features: [Tensor], _ parameters: Parameters<Tensor>
  ) throws -> [RebuiltFeatures] {
    let restored = try URANet(configuration, parameters)(Self.aligned(features).tokens())
    return [
      RebuiltFeatures(
        name: "restored", maps: [try restored.tokens.featureMap(configuration.grid)])
    ]
  }
}

extension RLRMethod: RebuildingMethod {
  public func rebuilt(
    _ features: [Tensor], _ parameters: Parameters<Tensor>
  ) throws -> [RebuiltFeatures] {
    [RebuiltFeatures(name: "rebuilt", maps: try maps(features, parameters))]
  }

  /// All levels together, then each with the mean feature at the others.
  public func learned(
    _ mean: [Tensor], _ parameters: Parameters<Tensor>
  ) throws -> [RebuiltFeatures] {
    let all = try maps(mean, parameters)
    guard all.count > 1 else { return [RebuiltFeatures(name: "from nothing", maps: all)] }
    return [RebuiltFeatures(name: "all levels", maps: all)]
      + all.indices.map { level in
        let grid = configuration.levels[level].grid
        var maps = mean
        maps[level] = all[level]
        return RebuiltFeatures(name: "\(grid.height)×\(grid.width) tokens alone", maps: maps)
      }
  }

  private func maps(_ features: [Tensor], _ parameters: Parameters<Tensor>) throws -> [Tensor] {
    let network = try RLR(configuration, parameters)
    return try zip(network.reconstructions(features), configuration.levels).map {
      try $0.featureMap($1.grid)
    }
  }
}
