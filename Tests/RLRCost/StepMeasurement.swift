import Networks
import TestSupport
import Torch

/// Training steps of one level: loss, backward pass, Adam.
struct StepMeasurement {
  let level: RLRLevelShape
  let batch: Int
  let form: CostRow.Form
  let bf16: Bool

  func run() throws -> Cost {
    Machine.reusesMemory()
    let store = ParameterStore()
    let parameters = store.initialized(by: try Generator(seed: 1))
    let reconstruct = try form.reconstruction([level], parameters)
    let adam = try Adam(store.all, settings: Adam.Settings(rate: 1e-4, decoupled: false))
    let features = try Generator(seed: 2).normal([batch] + level.mapShape)
    let target = try features.tokens()
    return try Cost.measured(repetitions: 2) {
      try adam.clearGradients()
      try withBF16Autocast(bf16) {
        try reconstruct([features])[0].toFloat()
      }.meanSquaredError(target).backward()
      try adam.step()
    }
  }
}
