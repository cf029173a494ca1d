import CommandLineBasics
import NormaCore
import NormaTraining
import Torch

/// A training from stored pictures to a model folder.
struct StoreSession {
  private let training: StoreTraining

  /// Everything that can be wrong is found here, before any work starts.
  init(_ command: TrainFromStore, cancellation: Cancellation) throws {
    let options = command.training
    let output = TrainingOutput(
      model: options.output, resume: options.resume, force: options.force)
    try output.check()
    training = try StoreTraining(
      options.wishedRecipe(), pictures: PictureStore(path: command.store),
      picturesPerEpoch: command.picturesPerEpoch,
      shelf: BackboneShelf(path: command.computing.weights), output: output,
      cancellation: cancellation)
  }

  func run() throws {
    let (output, pictures) = (training.output, training.pictures)
    let lock = try output.lockedWorkFolder()
    defer { withExtendedLifetime(lock) {} }
    Terminal.say(
      "\(pictures.path): \(pictures.samples.count) pictures of \(pictures.origin.root), "
        + "computed by LibTorch \(Machine.version) on \(Machine.device.rawValue)")
    let trained = try training.trained(
      features: StoreFeatures(cancellation: training.cancellation))
    if training.recipe.scoring.precision == .bf16 {
      Terminal.warn(
        "the recipe inspects in bf16, and the thresholds are of LibTorch's float32; 'norma calibrate' "
          + "sets them by the inspecting machine's arithmetic")
    }
    let calibration = try training.calibration(of: trained)
    try training.write(trained, calibration)
    Terminal.say(calibration.summary)
    Terminal.say("Model: \(output.model)")
    output.removeWorkFolder()
  }
}
