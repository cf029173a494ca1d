import Networks
import NormaCore
import Torch

extension EnsembleMethod: PortrayedMethod {
  /// What each member makes of good pictures, beside what they say together.
  public func portrait(
    _ network: TrainedNetwork, data: TrainingData, examples: [Int]
  ) throws -> NetworkPortrait {
    // Small maps: what is to be seen is where and how much, not how sharp.
    let grid = Grid(height: min(56, size.height), width: min(56, size.width))
    return try withoutGradient {
      let parameters = try Parameters<Tensor>(constants: network.weights)
      let features = try data.batch(examples)
      var maps = try members.indices.map {
        (
          title: title(of: $0),
          values: try detection(of: $0, features, size: grid, parameters: parameters).map.floats()
        )
      }
      let sum = try detect(features, size: grid, parameters: parameters).map.floats()
      maps.append((title: "added", values: sum))
      let full = maps.map { max($0.values.max() ?? 0, .leastNormalMagnitude) }
      let rows = examples.indices.map { number in
        NetworkPortrait.Row(
          caption: "each map from nothing to the largest of these pictures",
          tiles: [.init(label: "picture", content: .example(number))]
            + zip(maps, full).map { map, full in
              let values = map.values[number * grid.count..<(number + 1) * grid.count]
              return .init(label: map.title, content: .amounts(Array(values), full: full, grid))
            })
      }
      return NetworkPortrait(sections: [
        NetworkPortrait.Section(
          title: "What each member sees",
          text:
            "The members' maps of good pictures, each in units of its deviation over normal pictures and "
            + "times its weight, and their sum, which is the map of the model. What is bright here is "
            + "what is unusual in a normal picture.",
          rows: rows)
      ])
    }
  }

  private func title(of index: Int) -> String {
    let member = members[index].settings
    let place = members.contains { $0.part > 0 } ? ", backbone \(member.backbone)" : ""
    let weight = member.weight == 1 ? "" : ", weight \(member.weight)"
    return members[index].title + place + weight
  }
}
