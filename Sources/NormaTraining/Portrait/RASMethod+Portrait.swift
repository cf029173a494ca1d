import Networks
import NormaCore
import Torch

extension RASMethod: PortrayedMethod {
  public func portrait(
    _ network: TrainedNetwork, data: TrainingData, examples: [Int]
  ) throws -> NetworkPortrait {
    try withoutGradient {
      let ras = try RAS(configuration, Parameters<Tensor>(constants: network.weights))
      let features = try Self.aligned(data.batch(examples))
      let colours = try FeatureColours(maps: features)
      let steps = try ras.steps(features)
      let rows = try examples.indices.map { number in
        func tile(_ label: String, _ maps: Tensor) throws -> NetworkPortrait.Tile {
          try colours.tile(label, map: maps.sliced(axis: 0, number..<number + 1))
        }
        return NetworkPortrait.Row(
          caption: "\(grid.height)×\(grid.width) tokens",
          tiles: try [
            .init(label: "picture", content: .example(number)), tile("features", features),
          ] + steps.enumerated().map { try tile("step \($0 + 1)", $1) })
      }
      return NetworkPortrait(sections: [
        NetworkPortrait.Section(
          title: "Step by step",
          text:
            "Features as colours: what is alike has like colours. Each step of the sequence rebuilds "
            + "the features of the picture; the last is what the anomaly map compares with.",
          rows: rows)
      ])
    }
  }
}
