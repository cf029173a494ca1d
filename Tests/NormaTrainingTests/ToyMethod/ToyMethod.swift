import Networks
import NormaCore
import NormaTraining
import Torch

// What CONTRIBUTING says a new method consists of, in its order.

// MARK: 1. Its folder in Networks/Methods

/// A narrow passage that every token has to go through alone.
struct ToySettings: Settings {
  var passage = 8
  var residual = Residual.norm

  static let keys: [SettingKey<ToySettings>] = [
    .number("passage", \.passage, 1...64, "width of the narrow passage"),
    .residual(\.residual, "the anomaly of a token"),
  ]
}

struct Toy<V: Value>: ReconstructingNetwork {
  private let narrow: Linear<V>
  private let wide: Linear<V>

  init(_ settings: ToySettings, shape: MapShape, _ parameters: Parameters<V>) throws {
    narrow = try Linear(parameters.scope("narrow"), from: shape.channels, to: settings.passage)
    wide = try Linear(parameters.scope("wide"), from: settings.passage, to: shape.channels)
  }

  func reconstruction(_ features: V, noise: TrainingNoise<V>?) throws -> V {
    try wide(narrow(features.tokens()))
  }
}

struct ToyMethod: FeatureReconstruction, DefinedMethod {
  static let name = "toy"
  static let title = "Toy"
  static let trunkDefaults = TrunkDefaults(imageSize: 64)

  var settings: ToySettings
  let shape: MapShape
  let score: PictureScore
  var jitter: Float = 0

  init(_ settings: ToySettings, trunk: Trunk, context: MethodContext) throws {
    (self.settings, score) = (settings, context.score)
    shape = try Self.alignedOutput(trunk)
  }

  static func check(_ settings: ToySettings, grids: [Int], _ check: inout SettingCheck) {
    for grid in grids where grid > 32 { check.add("toy.passage", "a toy for grids up to 32") }
  }

  var grid: Grid { shape.grid }
  var residual: Residual {
    get { settings.residual }
    set { settings.residual = newValue }
  }

  func reconstructor<V: Value>(
    _ parameters: Parameters<V>
  ) throws -> any ReconstructingNetwork<V> {
    try Toy(settings, shape: shape, parameters)
  }
}

// MARK: 2. Its loss in NormaTraining/Methods

extension ToyMethod: TrainingMethod {
  func network(_ parameters: Parameters<Tensor>) throws -> any TrainingNetwork {
    ToyTraining(network: try Toy(settings, shape: shape, parameters))
  }
}

struct ToyTraining: TrainingNetwork {
  let network: Toy<Tensor>

  func loss(_ features: [Tensor], noise: Generator?) throws -> Tensor {
    let aligned = try ToyMethod.aligned(features)
    return try network.reconstruction(aligned, noise: nil).meanSquaredError(aligned.tokens())
  }
}

// MARK: 3. One line in the list

extension Methods {
  static let withToy = Methods(Methods.all.definitions + [ToyMethod.self])
}

// MARK: 4. A recipe

enum ToyRecipe {
  static let text = """
    method: toy

    backbone:
      name: efficientnet-lite0

    toy:
      passage: 4              # width of the narrow passage
      residual: product       # a token's anomaly, as ras.residual

    training:
      epochs: 40
      batch: 4
      learningRate: 1e-2
      clip: 1
      holdout: 0
      precision: f32

    """
}
