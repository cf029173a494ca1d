import Foundation
import Networks
import TestSupport
import Torch

/// Training steps of one level: loss, backward pass, Adam.
struct StepMeasurement {
  let row: StepRow
  let bf16: Bool

  /// - Returns: the largest anonymous memory in MiB, and the seconds of the faster of two steps after
  ///   one that warms up.
  func run() throws -> (peak: Int, seconds: Double) {
    Machine.reusesMemory()
    let watch = MemoryWatch()
    let level = row.level
    let configuration = RLRConfiguration(levels: [level])
    let store = ParameterStore()
    let parameters = store.initialized(by: try Generator(seed: 1))
    let reconstruct = try forward(configuration, parameters)
    let adam = try Adam(store.all, settings: Adam.Settings(rate: 1e-4, decoupled: false))
    let features = try Generator(seed: 2).normal([row.batch, level.channels, row.grid, row.grid])
    let target = try features.tokens()
    var seconds = Double.infinity
    for step in 0..<3 {
      let start = ContinuousClock.now
      try adam.clearGradients()
      try withBF16Autocast(bf16) {
        try reconstruct(features).toFloat()
      }.meanSquaredError(target).backward()
      try adam.step()
      let elapsed = (ContinuousClock.now - start).components
      guard step > 0 else { continue }
      seconds = min(seconds, Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18)
    }
    return (watch.stop() / 1024, seconds)
  }

  private func forward(
    _ configuration: RLRConfiguration, _ parameters: Parameters<Tensor>
  ) throws -> (Tensor) throws -> Tensor {
    // Both forms ask for the same parameters, by the same names.
    let network = try RLR(configuration, parameters)
    switch row.form {
    case .norma: return { try network.reconstructions([$0])[0] }
    case .naive:
      let naive = try NaiveRLR(configuration, level: 0, parameters)
      return { try naive.reconstruction($0) }
    }
  }
}
