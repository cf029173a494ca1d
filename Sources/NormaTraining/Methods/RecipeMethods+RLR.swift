import Networks
import NormaCore

extension Recipe {
  /// RLR, made for the levels of `trunk`.
  func rlrMethod(_ trunk: Trunk) throws -> RLRMethod {
    var c = RLRConfiguration(levels: try trunk.outputs.indices.map { try rlrLevel($0, of: trunk) })
    c.layers = rlr.layers
    c.heads = rlr.heads
    c.expansion = rlr.feedforward
    c.alpha = Float(rlr.alpha)
    c.jitter = Float(rlr.jitter)
    c.residual = rlr.residual
    c.selfAttention = rlr.selfAttention
    c.crossAttention = rlr.crossAttention
    c.mlka = rlr.mlka
    c.lca = rlr.lca
    c.mlkaStart = Float(rlr.mlkaStart)
    var method = RLRMethod(c)
    method.difference = rlr.difference == .norm ? .norm : .meanSquare
    method.smoothing = rlr.smoothing
    method.stepsPerLevel = rlr.optimizerSteps == .perLevel
    method.rateWidth = rlr.rateWidth
    return method
  }

  private func rlrLevel(_ index: Int, of trunk: Trunk) throws -> RLRConfiguration.Level {
    let (channels, grid) = trunk.outputs[index]
    func given(_ list: [Int]?) throws -> Int? {
      guard let list else { return nil }
      guard list.indices.contains(index) else {
        throw NetworkError("\(list.count) values in rlr for \(trunk.outputs.count) levels")
      }
      return list[index]
    }
    // Without MLKA and LCA the window means nothing.
    let window = try given(rlr.windows) ?? RLRRecipe.window(grid: grid.height)
    guard let window = window ?? (rlr.mlka || rlr.lca ? nil : 1) else {
      throw NetworkError("rlr.windows: none is known for a grid of \(grid.height)×\(grid.width)")
    }
    let stride = trunk.specification.stride(ofBlock: trunk.taps[index])
    return RLRConfiguration.Level(
      channels: channels, grid: grid, hidden: try given(rlr.hidden) ?? 32 * stride, window: window)
  }
}
