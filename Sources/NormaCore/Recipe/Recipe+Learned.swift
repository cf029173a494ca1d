extension Recipe {
  /// What a trained network depends on: this recipe, with everything at its default that only decides how
  /// the network's result is looked at (residual, map, score, precision, thresholds) or how its
  /// training is watched. Recipes that are equal in it train the same network.
  public var learned: Recipe {
    var part = self
    let common = Recipe(method: method)
    (part.scoring, part.calibration) = (common.scoring, common.calibration)
    part.training.crossFit = common.training.crossFit
    part.training.checkpointEvery = common.training.checkpointEvery
    part.ras.residual = common.ras.residual
    part.uniad.residual = common.uniad.residual
    (part.rlr.difference, part.rlr.smoothing) = (common.rlr.difference, common.rlr.smoothing)
    part.uranet.residual = common.uranet.residual
    part.uranet.compared = common.uranet.compared
    part.uranet.smoothing = common.uranet.smoothing
    (part.uranet.score, part.uranet.topShare) = (common.uranet.score, common.uranet.topShare)
    part.uranet.perception.samples = common.uranet.perception.samples
    part.uranet.perception.uncertainty = common.uranet.perception.uncertainty
    part.uranet.perception.suspicious = common.uranet.perception.suspicious
    return part
  }

  /// Whether the two train the same network, from the same pictures.
  public func trainsSame(as other: Recipe) -> Bool {
    learned.differences(from: other.learned).isEmpty
  }

  /// The keys that have other values in another recipe, as both write them; "nothing" where one does not
  /// write the key.
  public func differences(
    from other: Recipe
  ) -> [(key: String, here: String, there: String)] {
    let (here, there) = (written, other.written)
    let known = Dictionary(here, uniquingKeysWith: { $0 + " " + $1 })
    let others = Dictionary(there, uniquingKeysWith: { $0 + " " + $1 })
    var seen: Set<String> = []
    return (here + there).map(\.0).filter { seen.insert($0).inserted && known[$0] != others[$0] }
      .map { ($0, known[$0] ?? "nothing", others[$0] ?? "nothing") }
  }

  /// Each line of the YAML: its key with those of its sections, and its value.
  private var written: [(String, String)] {
    var sections: [String] = []
    return yamlLines.compactMap { line in
      let depth = line.prefix { $0 == " " }.count / 2
      let text = line.drop { $0 == " " || $0 == "-" }
      let name = String(text.prefix { $0 != ":" })
      sections = Array(sections.prefix(depth)) + [name]
      let value = text.dropFirst(name.count + 1).drop { $0 == " " }
      return value.isEmpty ? nil : (sections.joined(separator: "."), String(value))
    }
  }
}
