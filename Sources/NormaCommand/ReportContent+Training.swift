import Foundation
import Norma
import NormaCore
import NormaReport
import NormaTraining

extension ReportContent {
  /// The page after training: how the model came to be, and what its thresholds promise.
  init(
    title: String, training: Model, losses: LossHistory,
    calibration: NormaCore.Calibration, portraits: [Portrait]?,
    reliability: ReliabilityDiagram?
  ) {
    self.init(
      title: title, model: training,
      losses: losses.epochs.isEmpty ? nil : losses,
      calibration: Calibration(calibration), portraits: portraits,
      reliability: reliability)
  }
}
