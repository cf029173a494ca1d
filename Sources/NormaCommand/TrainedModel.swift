import Foundation
import Networks
import Norma
import NormaCore
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
  func write(interruption: Interruption) throws {
    let graph = try DetectorGraph.detector(
      DetectorNetwork(
        trunk: plan.trunk, method: plan.method, standardization: pictures.data.standardization),
      backbone: plan.backbone.parameters, weights: network.weights)
    let detector = try Detector(
      graph: graph, name: "the trained network", imageSize: plan.trunk.imageSize,
      precision: recipe.scoring.precision == .bf16 ? .bf16 : .f32)
    let calibration = try ModelCalibration(
      plan: plan, pictures: pictures, network: network, detector: detector,
      interruption: interruption
    ).calibration()
    let content = try ReportContent(
      title: FilePath.stem(plan.output),
      training: ReportContent.Model(
        manifest, trainingPictures: pictures.training.count,
        heldOutPictures: pictures.heldOut.count,
        trainingSeconds: network.history.seconds), losses: network.history,
      calibration: calibration,
      portraits: PortraitDrawing(pictures, reader: plan.reader).portraits(
        of: plan.method, network, data: pictures.data))
    try ModelFolder.write(
      to: plan.output, manifest: manifest,
      files: [
        ModelFile.graph: graph,
        ModelFile.weights: StoredNetwork(
          weights: network.weights, standardization: pictures.data.standardization
        ).encoded(metadata: ["method": recipe.method, "norma": NormaVersion.current]),
        ModelFile.calibration: calibration.json(),
        ModelFile.report: Data(ReportPage.html(content).utf8),
        EvaluationReport.contentFile: content.encoded(),
      ], replacing: true)
    plan.tell(calibration.summary)
    plan.tell("Model: \(plan.output)")
    plan.tell("Page:  \(plan.output)/\(ModelFile.report)")
  }

  private var manifest: Manifest {
    Manifest(
      method: recipe.method, recipe: recipe,
      backbone: Manifest.Backbone(
        name: recipe.backbone.name, weightsDigest: plan.backbone.digest,
        licence: plan.backbone.licence),
      precision: recipe.scoring.precision.rawValue, imageSize: plan.trunk.imageSize,
      grid: plan.trunk.outputs.last?.grid.height ?? 0,
      exifOrientation: plan.reader.appliesOrientation, categories: categories,
      data: Manifest.TrainingData(
        fingerprint: fingerprint, pictures: pictures.training.count, root: plan.dataset.root),
      toolVersion: NormaVersion.current)
  }

  private var categories: [String] {
    Set((pictures.training + pictures.heldOut).map(\.category)).sorted()
  }
}
