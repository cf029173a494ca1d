import Foundation
import Norma
import NormaCore
import NormaReport
import NormaTraining

extension ReportContent {
  /// The page after training: how the model came to be, and what its thresholds promise.
  init(
    title: String, training: Model, losses: NormaTraining.LossHistory,
    calibration: NormaCore.Calibration, portraits: [Portrait]?,
    reliability: ReliabilityDiagram?
  ) {
    self.init(
      title: title, model: training,
      losses: losses.epochs.isEmpty ? nil : LossHistory(losses),
      calibration: Calibration(calibration), portraits: portraits,
      reliability: reliability)
  }
}

extension ReportContent.LossHistory {
  fileprivate init(_ losses: NormaTraining.LossHistory) {
    self.init(
      epochs: losses.epochs.enumerated().map {
        Epoch(number: $0 + 1, training: $1.training, heldOut: $1.heldOut)
      }, keptEpoch: losses.kept.map { $0 + 1 }, steps: losses.steps)
  }
}
