import Networks
import NormaCore
import Torch

extension URANetMethod: PortrayedMethod {
  /// From features to restored features, of each example as it is and with anomalies of each source.
  public func portrait(
    _ network: TrainedNetwork, data: TrainingData, examples: [Int]
  ) throws -> NetworkPortrait {
    try withoutGradient {
      let parameters = try Parameters<Tensor>(constants: network.weights)
      // What is pasted is of other pictures, so there have to be some.
      let others = data.training.filter { !examples.contains($0) }
      let batch = examples + others.prefix(max(0, Self.company - examples.count))
      let features = try data.trainingBatch(batch)
      let portrait = try Restored(
        self, URANet(settings, shape: shape, parameters), features: features,
        examples: examples.count)
      var synthesis = settings.anomalies
      synthesis?.untouched = 0
      let made = try (synthesis?.sources ?? []).enumerated().flatMap { number, source in
        synthesis?.sources = [source]
        return try portrait.rows(
          synthesis, generator: Generator(seed: UInt64(number), stream: "portrait"),
          caption: "pasted: \(source.caption)")
      }
      return NetworkPortrait(
        sections: [
          NetworkPortrait.Section(
            title: "Made-up anomalies",
            text:
              "Features as colours: what is alike has like colours. On the mask M something else "
              + "is pasted; the network has not seen these anomalies. Its head gives each token a "
              + "probability and, by the spread of its weights, how sure that is; the region m is "
              + "rewritten from what is normal. Probability, uncertainty and region run from black, "
              + "0, to yellow, 1 (the uncertainty: ½).", rows: made),
          NetworkPortrait.Section(
            title: "Normal pictures",
            text: "The same of the pictures as they are: nothing should be found, and nothing be "
              + "changed.",
            rows: try portrait.rows(nil, generator: Generator(seed: 0), caption: "nothing pasted")),
        ].filter { !$0.rows.isEmpty })
    }
  }

  /// Pictures that anomalies are made up among.
  private static let company = 16
}

/// What a network makes of features, in rows.
private struct Restored {
  private let method: URANetMethod
  private let network: URANet<Tensor>
  private let features: [Tensor]
  private let examples: Int
  private let colours: FeatureColours

  init(
    _ method: URANetMethod, _ network: URANet<Tensor>, features: [Tensor], examples: Int
  ) throws {
    (self.method, self.network) = (method, network)
    (self.features, self.examples) = (features, examples)
    colours = try FeatureColours(maps: URANetMethod.aligned(Array(features.prefix(1))))
  }

  /// A row an example.
  func rows(
    _ synthesis: URANetSettings.Synthesis?, generator: Generator, caption: String
  ) throws -> [NetworkPortrait.Row] {
    let sample = try FeatureSynthesis.sample(
      of: features, synthesis, grid: network.grid, generator: generator)
    let normal: Tensor = try URANetMethod.aligned(Array(features.prefix(1))).tokens()
    let found = try network(sample.tokens)
    let doubt = try method.uncertainty(found.perception)
    let region = try found.kept.affine(scale: -1, offset: 1)
    return try (0..<examples).map { number in
      func coloured(_ label: String, _ tokens: Tensor) throws -> NetworkPortrait.Tile {
        try colours.tile(
          label, tokens: tokens.sliced(axis: 0, number..<number + 1), network.grid)
      }
      func amount(
        _ label: String, _ values: Tensor, full: Float = 1
      ) throws -> NetworkPortrait.Tile {
        NetworkPortrait.Tile(
          label: label,
          content: .amounts(
            try values.sliced(axis: 0, number..<number + 1).floats(), full: full,
            network.grid))
      }
      let picture = NetworkPortrait.Tile(label: "picture", content: .example(number))
      var tiles = try [picture, coloured("features", normal)]
      if synthesis != nil {
        tiles += try [amount("mask M", sample.mask), coloured("pasted", sample.tokens)]
      }
      tiles += try [
        amount("probability", found.perception.probability),
        amount("uncertainty", doubt, full: 0.5), amount("region m", region),
        coloured("restored", found.tokens),
      ]
      return NetworkPortrait.Row(caption: caption, tiles: tiles)
    }
  }
}

extension URANetSettings.Synthesis.Source {
  fileprivate var caption: String {
    switch self {
    case .other: "another picture's tokens"
    case .own: "its own tokens, shuffled"
    case .noise: "noise"
    case .texture: "its textured twin"
    }
  }
}
