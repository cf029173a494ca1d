import Networks
import NormaCore
import Torch

extension RLRMethod: PortrayedMethod {
  public func portrait(
    _ network: TrainedNetwork, data: TrainingData, examples: [Int]
  ) throws -> NetworkPortrait {
    try withoutGradient {
      let rlr = try RLR(
        settings, levels: levels, Parameters(constants: network.weights))
      let features = try data.batch(examples)
      let portraits = try zip(rlr.levels, features).map {
        try RLRLevelPortrait($0, features: $1, examples: examples.count)
      }
      return NetworkPortrait(
        sections: [
          NetworkPortrait.Section(
            title: "What it has learned as normal",
            text:
              "Features as colours: what is alike has like colours. Beside the features of each "
              + "picture is what the network rebuilds them to. What is rebuilt from nothing is made of an "
              + "input that is the same mean feature everywhere: what the reference alone knows.",
            rows: try portraits.map { try $0.reference() } + portraits.flatMap { try $0.rebuilt() }),
          NetworkPortrait.Section(
            title: "Where it looks",
            text:
              "How much the marked token sees of the learned reference, the mean over layers and "
              + "heads: masked learnable key attention beyond its window, local cross attention within "
              + "it. Each with its own scale.",
            rows: try portraits.flatMap { try $0.looks() }),
        ].filter { !$0.rows.isEmpty })
    }
  }
}

/// The part of one level.
private struct RLRLevelPortrait {
  private let level: RLRLevel<Tensor>
  /// `[examples, C, H, W]`.
  private let features: Tensor
  private let examples: Int
  private let colours: FeatureColours

  init(_ level: RLRLevel<Tensor>, features: Tensor, examples: Int) throws {
    (self.level, self.features, self.examples) = (level, features, examples)
    colours = try FeatureColours(maps: features)
  }

  private var name: String { "\(level.grid.height)×\(level.grid.width) tokens" }

  private func example(_ number: Int) throws -> Tensor {
    try features.sliced(axis: 0, number..<number + 1)
  }

  func reference() throws -> NetworkPortrait.Row {
    let everywhere = try Tensor(
      repeating: 0, shape: [1, 1, level.grid.height, level.grid.width])
    let nothing = try features.mean(axes: [0, 2, 3]) + everywhere
    return NetworkPortrait.Row(
      caption: name,
      tiles: [
        try colours.tile("rebuilt from nothing", tokens: level.reconstruction(nothing), level.grid)
      ])
  }

  func rebuilt() throws -> [NetworkPortrait.Row] {
    try (0..<examples).map { number in
      let own = try example(number)
      return NetworkPortrait.Row(
        caption: name,
        tiles: [
          .init(label: "picture", content: .example(number)),
          try colours.tile("features", map: own),
          try colours.tile("rebuilt", tokens: level.reconstruction(own), level.grid),
        ])
    }
  }

  /// One token a picture: the one that is least like the mean, where there is something to see.
  func looks() throws -> [NetworkPortrait.Row] {
    let mean = try features.mean(axes: [0, 2, 3])
    return try (0..<examples).compactMap { number in
      let own = try example(number)
      let difference = try own - mean
      let distances = try (difference * difference).sum(axes: [1]).floats()
      let token = distances.indices.max { distances[$0] < distances[$1] } ?? 0
      let (row, column) = (token / level.grid.width, token % level.grid.width)
      let look = try level.look(own, row: row, column: column)
      let tiles = try [("MLKA", look.mlka), ("LCA", look.lca)].compactMap { label, weights in
        try weights.map {
          NetworkPortrait.Tile(
            label: label,
            content: .look(
              example: number, weights: try $0.floats(), row: row, column: column, level.grid))
        }
      }
      guard !tiles.isEmpty else { return nil }
      return NetworkPortrait.Row(
        caption: "\(name), row \(row + 1), column \(column + 1)",
        tiles: [.init(label: "picture", content: .example(number))] + tiles)
    }
  }
}
