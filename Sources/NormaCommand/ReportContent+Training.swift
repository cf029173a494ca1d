import Foundation
import Norma
import NormaCore
import NormaTraining

extension ReportContent {
  /// The page after training: how the model came to be, and what its thresholds promise.
  init(
    title: String, training: Model, losses: NormaTraining.LossHistory,
    calibration: NormaCore.Calibration, portraits: [Portrait]?
  ) {
    self.init(
      title: title, model: training,
      losses: LossHistory(
        epochs: losses.epochs.enumerated().map {
          LossHistory.Epoch(
            number: $0 + 1, training: $1.training, heldOut: $1.heldOut)
        }, keptEpoch: losses.kept.map { $0 + 1 }, steps: losses.steps),
      calibration: Calibration(calibration), portraits: portraits)
  }
}

extension ProgressLine {
  /// A training's progress: steps, loss, and the held-out loss of the last epoch.
  func update(training progress: Trainer.Progress) {
    var detail = String(
      format: "epoch %d of %d  loss %.4g", progress.epoch + 1, progress.epochs, progress.loss)
    if let heldOut = progress.heldOut { detail += String(format: "  held out %.4g", heldOut) }
    update(progress.epoch * progress.stepsPerEpoch + progress.step, detail: detail)
  }
}
