import Networks
import NormaCore
import NormaTraining
import Torch

/// A method's golden file, run through LibTorch in 32-bit precision; its outputs, where somebody says how, also
/// through OpenVINO.
struct MethodGolden {
  static let outputTolerance = 1e-4
  static let gradientTolerance = 1e-4
  static let weightTolerance = 1e-2

  struct Optimizer: Decodable {
    var name: String
    var lr: Double
    var weightDecay: Double?
    var clip: Float?
    var eps: Double?
    var amsgrad: Bool?

    var settings: Adam.Settings {
      Adam.Settings(
        rate: lr, epsilon: eps ?? 1e-8, weightDecay: weightDecay ?? 0,
        decoupled: name.hasSuffix("AdamW"), amsgrad: amsgrad ?? false,
        stable: name.hasPrefix("Stable"))
    }
  }

  let file: GoldenFile
  let method: any TrainingMethod
  let features: [Tensor]
  /// The outputs to compare, by their names in the file.
  let outputs: (Parameters<Tensor>) throws -> [String: Tensor]
  /// The same outputs of the recorded network, computed by OpenVINO.
  var recorded: (() throws -> [String: [Float]])?

  init(
    file: GoldenFile, method: any TrainingMethod, features: [Tensor],
    outputs: @escaping (Parameters<Tensor>) throws -> [String: Tensor]
  ) {
    (self.file, self.method, self.features) = (file, method, features)
    self.outputs = outputs
  }

  /// - Parameter engines: those that compute the outputs; the network learns in LibTorch whatever they are.
  func run(engines: [GoldenEngine] = GoldenEngine.allCases) throws -> GoldenResult {
    let store = ParameterStore()
    let source = store.initialized(by: try Generator(seed: 0))
    let network = try method.network(source)
    try store.assign(file.group("parameters").mapValues(\.values))
    var result = GoldenResult(file: file.name, method: file.method, passed: false)
    result.outputs = try outputDeviation(source)
    if engines.contains(.openVINO), let recorded {
      result.outputs = try max(result.outputs ?? 0, deviation(of: recorded()))
    }
    let (losses, gradients) = try train(network, store)
    result.loss = try lossDeviation(losses)
    result.gradients = try gradientDeviation(gradients, store)
    result.weights = try weightDeviation(store)
    result.passed =
      (result.outputs ?? .infinity) <= Self.outputTolerance
      && (result.loss ?? .infinity) <= Self.outputTolerance
      && (result.gradients ?? .infinity) <= Self.gradientTolerance
      && (result.weights ?? .infinity) <= Self.weightTolerance
    return result
  }

  private func outputDeviation(_ source: Parameters<Tensor>) throws -> Double {
    try withoutGradient { try deviation(of: outputs(source).mapValues { try $0.floats() }) }
  }

  private func deviation(of outputs: [String: [Float]]) throws -> Double {
    try outputs.reduce(0.0) { worst, output in
      try max(worst, Deviation.relative(output.value, file.tensor(output.key).values))
    }
  }

  /// Three steps; the losses before each, and the gradients of the first before clipping.
  private func train(
    _ network: any TrainingNetwork, _ store: ParameterStore
  ) throws -> (losses: [Float], gradients: [String: [Float]]) {
    guard let settings = file.decoded("optimizer", as: Optimizer.self) else {
      throw GoldenError("\(file.name) does not say which optimiser it used")
    }
    let adam = try Adam(store.all, settings: settings.settings)
    var losses: [Float] = []
    var gradients: [String: [Float]] = [:]
    for step in 0..<3 {
      try adam.clearGradients()
      try network.begin(step: step)
      let loss = try network.loss(features, noise: nil)
      losses.append(try loss.item())
      try loss.backward()
      if step == 0 {
        for name in store.names {
          gradients[name] = try store[name]?.gradient()?.floats()
        }
      }
      if let clip = settings.clip { try adam.clipGradients(to: clip) }
      try adam.step()
    }
    return (losses, gradients)
  }

  private func lossDeviation(_ losses: [Float]) throws -> Double {
    let expected = try file.tensor("losses").values
    let first = try file.tensor("loss").values
    return max(Deviation.relative(losses, expected), Deviation.relative([losses[0]], first))
  }

  private func gradientDeviation(
    _ gradients: [String: [Float]], _ store: ParameterStore
  ) throws -> Double {
    let expected = file.group("gradients")
    let floor = 1e-6 * Deviation.norm(expected.values)
    return try store.names.reduce(0.0) { worst, name in
      guard let reference = expected[name] else {
        throw GoldenError("\(file.name) has no gradient of \(name)")
      }
      let actual = gradients[name] ?? [Float](repeating: 0, count: reference.values.count)
      return max(worst, Deviation.relative(actual, reference.values, floor: floor))
    }
  }

  private func weightDeviation(_ store: ParameterStore) throws -> Double {
    let before = file.group("parameters")
    let after = file.group("after3")
    return try store.names.filter { !$0.hasSuffix("key.bias") }.reduce(0.0) { worst, name in
      guard let start = before[name]?.values, let end = after[name]?.values, let now = store[name]
      else { throw GoldenError("\(file.name) has no parameter \(name) after three steps") }
      let moved = try zip(now.floats(), start).map { $0 - $1 }
      return max(worst, Deviation.relative(moved, zip(end, start).map { $0 - $1 }))
    }
  }
}

extension GoldenFile {
  /// What the file says of its network; throws when it does not.
  func described<Configuration: Decodable>(as type: Configuration.Type) throws -> Configuration {
    guard let found = decoded("config", as: type) else {
      throw GoldenError("\(name) does not describe its network")
    }
    return found
  }

  /// Height and width of the pixel map.
  func mapSize() throws -> Grid {
    guard let size = decoded("size", as: [Int].self), size.count == 2, size.allSatisfy({ $0 > 0 })
    else { throw GoldenError("\(name) does not say the map's size") }
    return Grid(height: size[0], width: size[1])
  }
}

extension MethodGolden {
  /// The golden file of a method that rebuilds features: every step's reconstruction, the anomaly map,
  /// the pixel map and the score.
  ///
  /// - Parameter steps: the feature maps that the network rebuilds, the last one F_rec.
  init<Method: FeatureReconstruction & TrainingMethod>(
    _ file: GoldenFile, reconstructing method: Method,
    steps: @escaping (Tensor, Parameters<Tensor>) throws -> [Tensor]
  ) throws {
    let pixels = try file.mapSize()
    let reference = try file.tensor("features")
    let features = try Tensor(reference.values, shape: reference.shape)
    self.init(file: file, method: method, features: [features]) { parameters in
      let map = try method.anomalyMap(features, method.reconstructor(parameters))
      let detection = try method.detect([features], size: pixels, parameters: parameters)
      var outputs = [
        "anomaly_map": map, "pixel_map": detection.map, "image_score": detection.score,
      ]
      for (index, step) in try steps(features, parameters).enumerated() {
        outputs["steps.\(index)"] = step
      }
      return outputs
    }
  }
}

/// What a golden file of RAS says of its network.
private struct RASGoldenConfiguration: Decodable {
  var channels: Int
  var height: Int
  var width: Int
  var hidden: Int
  var heads: Int
  var feedforward: Int
  var encoder: Int
  var decoder: Int
  var window: Int
  // Of the ablations; the published network when a file does not say.
  var gate: Bool?
  var transformer: Bool?
  var updateNorm: Bool?
  var scorePooling: Int?

  var shape: MapShape { MapShape(channels: channels, grid: Grid(height: height, width: width)) }

  var settings: RASSettings {
    var c = RASSettings()
    c.hidden = hidden
    c.heads = heads
    c.feedforward = feedforward
    c.encoder = encoder
    c.decoder = decoder
    c.window = window
    c.gate = gate ?? c.gate
    c.transformer = transformer ?? c.transformer
    c.updateNorm = updateNorm ?? c.updateNorm
    return c
  }
}

extension MethodGolden {
  /// RAS's golden file: every step's reconstruction, the anomaly map, the pixel map and the score.
  init(ras file: GoldenFile) throws {
    let described = try file.described(as: RASGoldenConfiguration.self)
    var method = RASMethod(described.settings, shape: described.shape)
    if let pooling = described.scorePooling { method.score = .maximum(pooling: pooling) }
    try self.init(file, reconstructing: method) { features, parameters in
      try RAS(described.settings, shape: described.shape, parameters).steps(features)
    }
  }
}

/// What a golden file of UniAD says of its network.
private struct UniADGoldenConfiguration: Decodable {
  var channels: Int
  var height: Int
  var width: Int
  var hidden: Int
  var heads: Int
  var feedforward: Int
  var encoder: Int
  var decoder: Int
  var window: Int

  var shape: MapShape { MapShape(channels: channels, grid: Grid(height: height, width: width)) }

  var settings: UniADSettings {
    var c = UniADSettings()
    c.hidden = hidden
    c.heads = heads
    c.feedforward = feedforward
    c.encoder = encoder
    c.decoder = decoder
    c.window = window
    return c
  }
}

extension MethodGolden {
  /// UniAD's golden file: the reconstruction, the anomaly map, the pixel map and the score.
  init(uniad file: GoldenFile) throws {
    let described = try file.described(as: UniADGoldenConfiguration.self)
    let (settings, shape) = (described.settings, described.shape)
    try self.init(file, reconstructing: UniADMethod(settings, shape: shape)) {
      features, parameters in
      let network = try UniAD(settings, shape: shape, parameters)
      return [try network.reconstruction(features).featureMap(shape.grid)]
    }
  }
}

/// What a golden file of RLR says of one level.
private struct RLRGoldenLevel: Decodable {
  var channels: Int
  var height: Int
  var width: Int
  var hidden: Int
  var heads: Int
  var window: Int

  var level: RLRLevelShape {
    RLRLevelShape(
      channels: channels, grid: Grid(height: height, width: width), hidden: hidden, window: window)
  }
}

extension MethodGolden {
  /// RLR's golden file: what each level rebuilds, its map, the pixel map and the score.
  init(rlr file: GoldenFile) throws {
    guard let levels = file.decoded("levels", as: [RLRGoldenLevel].self),
      let heads = levels.first?.heads, levels.allSatisfy({ $0.heads == heads }),
      let layers = file.decoded("layers", as: Int.self),
      let alpha = file.decoded("alpha", as: Double.self),
      let size = file.decoded("size", as: [Int].self), size.count == 2, size.allSatisfy({ $0 > 0 })
    else { throw GoldenError("\(file.name) does not describe its network and the map's size") }
    var settings = RLRSettings()
    (settings.heads, settings.layers, settings.alpha) = (heads, layers, alpha)
    let method = RLRMethod(settings, levels: levels.map(\.level))
    let pixels = Grid(height: size[0], width: size[1])
    let features = try levels.indices.map { index in
      let reference = try file.tensor("features.\(index)")
      return try Tensor(reference.values, shape: reference.shape)
    }
    self.init(file: file, method: method, features: features) { parameters in
      let network = try RLR(method.settings, levels: method.levels, parameters)
      let detection = try method.detect(features, size: pixels, parameters: parameters)
      var outputs = ["pixel_map": detection.map, "image_score": detection.score]
      for (index, rebuilt) in try network.reconstructions(features).enumerated() {
        outputs["reconstructed.\(index)"] = try rebuilt.featureMap(network.levels[index].grid)
      }
      for (index, map) in try method.levelMaps(features, network).enumerated() {
        outputs["level_map.\(index)"] = map
      }
      return outputs
    }
  }
}
