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
      // Only the last step is trained to be features; those before it would show as noise, unless they
      // are read as 'norma portray' does.
      let rebuilt = try ras.reconstruction(features).featureMap(grid)
      let rows = try examples.indices.map { number in
        func tile(_ label: String, _ maps: Tensor) throws -> NetworkPortrait.Tile {
          try colours.tile(label, map: maps.sliced(axis: 0, number..<number + 1))
        }
        return NetworkPortrait.Row(
          caption: "\(grid.height)×\(grid.width) tokens",
          tiles: try [
            .init(label: "picture", content: .example(number)), tile("features", features),
            tile("as if normal", rebuilt),
          ])
      }
      return NetworkPortrait(sections: [
        NetworkPortrait.Section(
          title: "As if normal",
          text:
            "Features as colours: what is alike has like colours. Beside them the features as the "
            + "network rebuilds them; where the two differ, the anomaly map is bright.",
          rows: rows)
      ])
    }
  }
}
