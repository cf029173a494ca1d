import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaReport
import ONNX

/// `norma export --precision`: the same model in another precision: a graph for it, thresholds for its
/// scores, and the proof that it still does the work.
public struct PrecisionJob {
  private let model: ModelFolder
  private let precision: ModelPrecision
  /// Normal pictures of the model's categories to look at, and test pictures where there are some.
  private let dataset: Dataset
  private let reader: PictureReader
  private let pictures: Int
  private let acceptance: PrecisionAcceptance
  private let output: String
  private let replaces: Bool
  private let context: JobContext

  /// - Parameters:
  ///   - path: the data set whose training pictures are looked at.
  ///   - limit: how many of them, at most.
  ///   - output: the model folder to write; replaced if it exists and `replaces` says so.
  ///   - acceptedDrop: how many points of AUROC may be lost where that can be measured.
  /// - Throws: `FileProblem` when the output cannot be written, or the data set has none of the model's
  ///   categories.
  public init(
    model: ModelFolder, precision: ModelPrecision, dataset path: String, reader: PictureReader,
    limit: Int, output: String, replaces: Bool,
    acceptedDrop: Double = PrecisionJob.defaultAcceptedDrop, _ context: JobContext
  ) throws {
    guard FilePath.resolved(output) != FilePath.resolved(model.path) else {
      throw FileProblem(
        path: output, reason: "the model itself would be lost; choose another name")
    }
    try ModelFolder.checkPlace(output, replacing: replaces)
    (self.model, self.precision, self.reader) = (model, precision, reader)
    dataset = try DatasetReader.read(path, by: reader).selecting(knownTo: model.manifest)
    pictures = limit
    acceptance = PrecisionAcceptance(drop: acceptedDrop, context: context)
    (self.output, self.replaces, self.context) = (output, replaces, context)
  }

  /// What is accepted where nothing else is said: 0.3 points.
  public static let defaultAcceptedDrop = PrecisionAcceptance.defaultDrop

  private static let stopped = "Stopped; nothing was written."

  private typealias Seen = (picture: Picture, sample: Sample)

  /// - Throws: when the model is an int8 one already, no picture can be read, or what comes out is not
  ///   accepted; then nothing is written.
  public func run() throws {
    guard model.manifest.modelPrecision != .int8 else {
      throw FileProblem(
        path: model.path,
        reason:
          "it is an int8 model, whose graph computes in integers for good; name the model that "
          + "it was made from")
    }
    let before = try Detector(model: model)
    if let caution = before.caution { context.warning(caution) }
    let seen = try read(Self.spread(dataset.train, over: pictures))
    let (graph, comparison) = try made(seen, before)
    let factors = comparison.factors
    let calibration = try model.calibration().rescaled(factors.categories, others: factors.all)
    context.note(comparison.text(model.manifest.modelPrecision ?? .f32, precision))
    try acceptance.check(comparison, of: precision)
    try acceptance.check(
      before: Evaluator(detector: before, calibration: model.calibration(), reader: reader),
      after: Evaluator(detector: detector(graph), calibration: calibration, reader: reader),
      of: precision, dataset: dataset, stopped: Self.stopped)
    try context.check(Self.stopped)
    try write(graph, calibration)
    context.note(calibration.summary)
    context.note("Model: \(output)")
  }

  /// The normal training pictures, as evenly as it goes over the categories, and over each category's
  /// list.
  static func spread(_ samples: [Sample], over count: Int) -> [Sample] {
    let groups = Dictionary(grouping: samples.filter { !$0.label.isAnomalous }, by: \.category)
      .sorted { $0.key < $1.key }.map(\.value)
    guard !groups.isEmpty else { return [] }
    return groups.enumerated().flatMap { index, group in
      let share = count * (index + 1) / groups.count - count * index / groups.count
      return group.spread(max(1, share))
    }
  }

  /// The pictures at the model's size; one that cannot be read is named and left out.
  private func read(_ samples: [Sample]) throws -> [Seen] {
    let found = try samples.compactMap { sample -> Seen? in
      try context.check(Self.stopped)
      do {
        return (try reader.read(sample.path, size: model.manifest.imageSize), sample)
      } catch let problem as FileProblem {
        context.warning("left out: \(problem)")
        return nil
      }
    }
    guard !found.isEmpty else {
      throw FileProblem(
        path: dataset.source,
        reason: samples.isEmpty
          ? "there is no normal picture of \(model.manifest.categories.joined(separator: ", ")) in it"
          : "none of its pictures can be read")
    }
    return found
  }

  /// The graph of the new precision, and how far it is from the model.
  private func made(_ seen: [Seen], _ before: Detector) throws -> (Data, PrecisionComparison) {
    let graph = try model.data(ModelFile.graph)
    let reference = try detections(before, seen)
    func compare(_ graph: Data) throws -> PrecisionComparison {
      var comparison = PrecisionComparison()
      let found = try detections(detector(graph), seen)
      for ((_, sample), (old, new)) in zip(seen, zip(reference, found)) {
        comparison.add(old, new, category: sample.category)
      }
      return comparison
    }
    guard precision == .int8 else { return (graph, try compare(graph)) }
    let quantizer = try Quantizer(graph)
    let found = try QuantizationSearch.search(
      quantizer, graph, activations(of: quantizer, seen), compare: compare)
    if found.convolutionsLeft > 0 {
      context.note(
        "The first \(counted(found.convolutionsLeft, "convolution")) stay in floating point.")
    }
    return (found.graph, found.comparison)
  }

  private func activations(
    of quantizer: Quantizer, _ seen: [Seen]
  ) throws -> [String: ActivationQuantization] {
    var observer = try ActivationObserver(quantizer, imageSize: model.manifest.imageSize)
    let progress = context.stage("Watching activations", total: seen.count, unit: "pictures")
    defer { progress.clear() }
    for (index, (picture, sample)) in seen.enumerated() {
      try context.check(Self.stopped)
      try observer.observe(picture, name: sample.path)
      progress.update(index + 1)
    }
    return observer.quantizations
  }

  private func detector(_ graph: Data) throws -> Detector {
    try Detector(
      graph: graph, name: "the model in \(precision.title)", imageSize: model.manifest.imageSize,
      precision: precision.arithmetic, options: Detector.Options(cacheFolder: nil))
  }

  private func detections(_ detector: Detector, _ seen: [Seen]) throws -> [PictureDetection] {
    let session = try detector.session()
    let progress = context.stage("Comparing scores", total: seen.count, unit: "pictures")
    defer { progress.clear() }
    return try seen.enumerated().map { index, seen in
      try context.check(Self.stopped)
      progress.update(index)
      return try session.detect(seen.picture, name: seen.sample.path)
    }
  }

  /// What the new model has to give for the reference picture on other machines. In floating point that is
  /// what the network gave where it was trained, for the graph is the same; integers are another network.
  private func reference(_ graph: Data) throws -> ModelReference {
    if precision != .int8, let own = try model.reference() { return own }
    return try Detector(
      graph: graph, name: "the model in \(precision.title)", imageSize: model.manifest.imageSize,
      precision: .f32, options: Detector.Options(cacheFolder: nil)
    ).reference(isQuantized: precision == .int8)
  }

  /// Everything but the numbers that the precision changes stays; what evaluation found was of the
  /// other precision.
  private func write(_ graph: Data, _ calibration: Calibration) throws {
    var manifest = model.manifest
    manifest.precision = precision.rawValue
    manifest.toolVersion = NormaVersion.current
    manifest.metrics = nil
    manifest.previousCalibrations.append(
      Manifest.PreviousCalibration(
        replaced: Date().formatted(.iso8601), try model.calibration()))
    var content = try EvaluationReport.content(of: model, calibration: calibration)
    content.title = FilePath.stem(output)
    content.model.precision = precision.title
    content.evaluation = nil
    var files = [
      ModelFile.graph: graph, ModelFile.weights: try model.data(ModelFile.weights),
      ModelFile.calibration: try calibration.json(),
      ModelFile.report: Data(ReportPage.html(content).utf8),
      ModelFile.reportContent: try content.encoded(),
    ]
    files[ModelFile.reference] = try reference(graph).json()
    files[ModelFile.training] = try TrainingRecord.read(from: model)?.json()
    files[ModelFile.trainingPictures] = try? model.data(ModelFile.trainingPictures)
    try ModelFolder.write(to: output, manifest: manifest, files: files, replacing: replaces)
  }
}
