import Networks
import Torch

extension RASMethod: RebuildingMethod {
  public func rebuilder(
    _ parameters: Parameters<Tensor>, examples: [Tensor]
  ) throws -> ([Tensor]) throws -> [RebuiltFeatures] {
    let network = try RAS(configuration, parameters)
    let known = try Self.aligned(examples)
    let readouts = try network.latents(known).dropLast().map {
      try LinearReadout(from: $0, to: known.tokens())
    }
    return { [grid] features in
      let aligned = try Self.aligned(features)
      let early = try zip(readouts, network.latents(aligned)).map { try $0($1) }
      return try (early + [network.reconstruction(aligned)]).enumerated().map {
        RebuiltFeatures(name: "step \($0 + 1)", maps: [try $1.featureMap(grid)])
      }
    }
  }

  public var rebuildingNote: String? {
    guard configuration.decoderSteps > 1 else { return nil }
    return
      "RAS rebuilds in steps, of which training supervises the output of the last. What an earlier "
      + "step knows by then is read by the linear map that finds the features of good pictures in it "
      + "best."
  }
}

extension UniADMethod: RebuildingMethod {
  public func rebuilder(
    _ parameters: Parameters<Tensor>, examples: [Tensor]
  ) throws -> ([Tensor]) throws -> [RebuiltFeatures] {
    let network = try UniAD(configuration, parameters)
    return { [grid] features in
      let tokens = try network.reconstruction(Self.aligned(features))
      return [RebuiltFeatures(name: "rebuilt", maps: [try tokens.featureMap(grid)])]
    }
  }
}

extension URANetMethod: RebuildingMethod {
  public func rebuilder(
    _ parameters: Parameters<Tensor>, examples: [Tensor]
  ) throws -> ([Tensor]) throws -> [RebuiltFeatures] {
    let network = try URANet(configuration, parameters)
    return { [configuration] features in
      let restored = try network(Self.aligned(features).tokens()).tokens
      return [
        RebuiltFeatures(name: "restored", maps: [try restored.featureMap(configuration.grid)])
      ]
    }
  }
}

extension RLRMethod: RebuildingMethod {
  public func rebuilder(
    _ parameters: Parameters<Tensor>, examples: [Tensor]
  ) throws -> ([Tensor]) throws -> [RebuiltFeatures] {
    let network = try RLR(configuration, parameters)
    return { [RebuiltFeatures(name: "rebuilt", maps: try Self.maps($0, network))] }
  }

  /// All levels together, then each with the mean feature at the others.
  public func learned(
    _ mean: [Tensor], _ parameters: Parameters<Tensor>
  ) throws -> [RebuiltFeatures] {
    let all = try Self.maps(mean, RLR(configuration, parameters))
    guard all.count > 1 else { return [RebuiltFeatures(name: "from nothing", maps: all)] }
    return [RebuiltFeatures(name: "all levels", maps: all)]
      + all.indices.map { level in
        let grid = configuration.levels[level].grid
        var maps = mean
        maps[level] = all[level]
        return RebuiltFeatures(name: "\(grid.height)×\(grid.width) tokens alone", maps: maps)
      }
  }

  private static func maps(_ features: [Tensor], _ network: RLR<Tensor>) throws -> [Tensor] {
    try zip(network.reconstructions(features), network.levels).map {
      try $0.featureMap($1.grid)
    }
  }
}
