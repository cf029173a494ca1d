import Networks
import NormaCore

/// What is pasted where in the pictures of a batch. Tokens are counted through all of its pictures.
struct SynthesisPlan {
  /// Tokens of one kind that are pasted over.
  struct Patch {
    var places: [Int] = []
    /// The token that is pasted over each of `places`.
    var sources: [Int] = []
    /// β of each of `places`.
    var blend: [Float] = []
  }

  /// Features of the batch itself.
  private(set) var features = Patch()
  /// Features of the pictures' textured twins.
  private(set) var texture = Patch()
  /// The tokens themselves, with noise.
  private(set) var noise = Patch()
  /// For each token 1 where it is pasted over, else 0.
  private(set) var mask: [Float] = []

  private let configuration: FeatureSynthesisConfiguration
  private let grid: Grid
  /// For each picture those that are unlike it.
  private let neighbours: [[Int]]

  init(
    _ configuration: FeatureSynthesisConfiguration, grid: Grid, neighbours: [[Int]],
    _ draws: inout SeededGenerator
  ) {
    self.configuration = configuration
    self.grid = grid
    self.neighbours = neighbours
    for picture in neighbours.indices { draw(picture, &draws) }
  }

  private mutating func draw(_ picture: Int, _ draws: inout SeededGenerator) {
    guard draws.uniform() >= configuration.untouched else {
      mask += [Float](repeating: 0, count: grid.count)
      return
    }
    let source = configuration.sources[draws.below(configuration.sources.count)]
    let blend = Float(draws.uniform(in: configuration.blend))
    let flags = flagged(&draws)
    mask += flags.map { $0 ? 1 : 0 }
    let flagged = flags.indices.filter { flags[$0] }
    let count = grid.count
    var order = Array(0..<count)
    func add(from other: Int, to patch: inout Patch) {
      patch.places += flagged.map { picture * count + $0 }
      patch.sources += flagged.map { other * count + order[$0] }
      patch.blend += flagged.map { _ in blend }
    }
    switch source {
    case .noise: add(from: picture, to: &noise)
    case .own:
      order = round(&draws)
      add(from: picture, to: &features)
    case .other:
      order = round(&draws)
      let unlike = neighbours[picture]
      let other = unlike.isEmpty ? picture : unlike[draws.below(unlike.count)]
      add(from: other, to: &features)
    case .texture:
      if draws.below(2) == 1 { draws.shuffle(&order) }
      add(from: picture, to: &texture)
    }
  }

  /// For each token another: the next on a round through all of them in random order, so that none is
  /// pasted over itself and called anomalous.
  private func round(_ draws: inout SeededGenerator) -> [Int] {
    var stations = Array(0..<grid.count)
    draws.shuffle(&stations)
    var next = stations
    for (place, token) in stations.enumerated() {
      next[token] = stations[(place + 1) % stations.count]
    }
    return next
  }

  /// Where the noise is above the threshold; where it is nowhere, at its highest point: a sample that is
  /// to be touched is.
  private func flagged(_ draws: inout SeededGenerator) -> [Bool] {
    let noise = PerlinNoise(
      octaves: configuration.octaves, frequency: configuration.frequency,
      rotation: configuration.rotation, &draws
    ).values(grid)
    let limit = min(configuration.threshold, (noise.max() ?? 0).nextDown)
    return noise.map { $0 > limit }
  }
}
