import Networks
import NormaCore
import NormaTraining
import Torch

/// A method's golden file, run through LibTorch in 32-bit precision.
struct MethodGolden {
  static let outputTolerance = 1e-4
  static let gradientTolerance = 1e-4
  static let weightTolerance = 1e-2

  struct Optimizer: Decodable {
    var name: String
    var lr: Double
    var weightDecay: Double?
    var clip: Float?
  }

  let file: GoldenFile
  let method: any TrainingMethod
  let features: [Tensor]
  /// The outputs to compare, by their names in the file.
  let outputs: (Parameters<Tensor>) throws -> [String: Tensor]

  func run() throws -> GoldenResult {
    let store = ParameterStore()
    let source = store.initialized(by: try Generator(seed: 0))
    let network = try method.network(source)
    try store.assign(file.group("parameters").mapValues(\.values))
    var result = GoldenResult(file: file.name, method: file.method, passed: false)
    result.outputs = try outputDeviation(source)
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
    try withoutGradient {
      try outputs(source).reduce(0.0) { worst, output in
        let expected = try file.tensor(output.key)
        return try max(worst, Deviation.relative(output.value.floats(), expected.values))
      }
    }
  }

  /// Three steps; the losses before each, and the gradients of the first before clipping.
  private func train(
    _ network: any TrainingNetwork, _ store: ParameterStore
  ) throws -> (losses: [Float], gradients: [String: [Float]]) {
    guard let settings = file.decoded("optimizer", as: Optimizer.self) else {
      throw GoldenError("\(file.name) does not say which optimiser it used")
    }
    let adam = try Adam(
      store.all,
      settings: Adam.Settings(
        rate: settings.lr, weightDecay: settings.weightDecay ?? 0,
        decoupled: settings.name == "AdamW"))
    var losses: [Float] = []
    var gradients: [String: [Float]] = [:]
    for step in 0..<3 {
      try adam.clearGradients()
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
