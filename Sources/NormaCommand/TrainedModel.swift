import CommandLineBasics
import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaReport
import NormaTraining
import OpenVINO

/// What a training leaves behind: the network as a graph, its thresholds, its page.
struct TrainedModel {
  let plan: TrainingPlan
  let pictures: SplitPictures
  let network: TrainedNetwork
  let fingerprint: String
  private var recipe: Recipe { plan.recipe }

  /// Calibrates the network in the precision that it inspects in, and writes the model folder as one.
  func write(cancellation: Cancellation) throws {
    let trained = TrainedDetector(
      recipe: recipe, trunk: plan.trunk, method: plan.method, backbone: plan.backbone,
      pictures: pictures, network: network)
    let manifest = trained.manifest(
      fingerprint: fingerprint, root: plan.dataset.root,
      exifOrientation: plan.reader.appliesOrientation)
    let graph = try trained.graph()
    let detector = try Detector(
      graph: graph, name: "the trained network", imageSize: plan.trunk.imageSize,
      precision: recipe.scoring.precision == .bf16 ? .bf16 : .f32)
    let calibration = try ModelCalibration(
      recipe: recipe, method: plan.method, pictures: pictures,
      settings: TrainingSettings(recipe.training),
      context: JobContext(observer: TerminalObserver(), cancellation: cancellation),
      stopped: plan.stopped
    ) {
      try NormalPictures(
        $0, detector: detector, reader: plan.reader, cancellation: cancellation,
        stopped: plan.stopped)
    }.calibration()
    let reliability = try (plan.method as? any PerceivingMethod)?.reliability(
      of: network, data: pictures.data)
    let content = try ReportContent(
      title: FilePath.stem(plan.output),
      training: ReportContent.Model(
        manifest, trainingPictures: pictures.training.count,
        heldOutPictures: pictures.heldOut.count,
        trainingSeconds: network.history.seconds), losses: network.history,
      calibration: calibration,
      portraits: PortraitDrawing(pictures, reader: plan.reader).portraits(
        of: plan.method, network, data: pictures.data), reliability: reliability)
    try ModelFolder.write(
      to: plan.output, manifest: manifest,
      files: [
        ModelFile.graph: graph,
        ModelFile.weights: trained.weights(),
        ModelFile.calibration: calibration.json(),
        ModelFile.report: Data(ReportPage.html(content).utf8),
        EvaluationReport.contentFile: content.encoded(),
      ], replacing: true)
    plan.tell(calibration.summary)
    plan.tell("Model: \(plan.output)")
    plan.tell("Page:  \(plan.output)/\(ModelFile.report)")
  }
}
