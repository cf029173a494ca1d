import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaTraining

/// A model whose tolerance is measured.
struct ToleranceModel {
  /// What it is called in tables: the name of its folder, or the path where two have the same.
  let name: String
  let folder: ModelFolder
  let detector: Detector
  let calibration: Calibration
  let reader: PictureReader
  /// Why noise on its features cannot be measured; nil when it can.
  let jitterObstacle: String?

  /// Opens the models and compiles their graphs.
  /// - Throws: `FileProblem` for what is no model, `DetectionError` for a graph that is not one of
  ///   Norma's.
  /// - Parameter reader: how a model's pictures are read.
  static func open(
    _ paths: [String], reader: (Manifest) -> PictureReader, _ context: JobContext
  ) throws -> [ToleranceModel] {
    let stems = paths.map(FilePath.stem)
    var said: Set<String> = []
    return try paths.enumerated().map { index, path in
      let folder = try ModelFolder.open(path)
      if let caution = Detector.caution(for: folder), said.insert(caution).inserted {
        context.warning(caution)
      }
      let detector = try Detector(model: folder)
      if let caution = detector.caution { context.warning(caution) }
      let isAlone = stems.count { $0 == stems[index] } == 1
      return ToleranceModel(
        name: isAlone ? stems[index] : path, folder: folder, detector: detector,
        calibration: try folder.calibration(), reader: reader(folder.manifest),
        jitterObstacle: jitterObstacle(folder))
    }
  }

  private static func jitterObstacle(_ model: ModelFolder) -> String? {
    let manifest = model.manifest
    guard manifest.recipe.rebuildsOneMap else {
      return "\(manifest.method) does not rebuild one map of features"
    }
    guard manifest.modelPrecision != .int8 else { return "its graph is in 8-bit integers" }
    do {
      _ = try ModelNetwork(model)
      return nil
    } catch {
      return "\(error)"
    }
  }
}

/// A test picture as each step shows it to the first model, with a line around what people marked.
struct ToleranceSample {
  /// As people find it: category, kind and file.
  let name: String
  let hasMask: Bool
  private let picture: Picture
  private let mask: Mask?
  private let path: String
  private let seed: UInt64

  /// The first defective picture that is marked, or the first at all, which can be read; nil for none.
  init?(_ dataset: Dataset, for model: ToleranceModel, seed: UInt64) {
    let marked = dataset.test.filter { $0.mask != nil }
    let size = model.detector.imageSize
    for sample in marked + dataset.test {
      guard let picture = try? model.reader.read(sample.path, size: size) else { continue }
      name = FilePath.relative(sample.path, to: dataset.root)
      path = sample.path
      mask = try? model.reader.readMask(of: sample, width: size, height: size)
      hasMask = mask != nil
      self.picture = picture
      self.seed = seed
      return
    }
    return nil
  }

  /// A JPEG of the picture at each step, the steps in their order; none for noise on the features.
  func drawings(
    of disturbance: ToleranceResult.Disturbance
  ) throws -> [(label: String, jpeg: Data)] {
    guard let axis = ToleranceAxis.all.first(where: { $0.name == disturbance.name }),
      let make = axis.disturbance
    else { return [] }
    return try disturbance.inOrder.map { place, step in
      let change = place == 0 ? nil : step.value.map { make($0, seed) }
      var drawn = try change.map { try picture.disturbed(by: $0, path: path) } ?? picture
      if let mask {
        drawn = drawn.outlined(try change.map(mask.disturbed) ?? mask, colour: .truth)
      }
      return (step.label, try PictureWriter.jpeg(drawn, quality: 92))
    }
  }
}

extension Dataset {
  /// At most so many test pictures of each category, as many normal as anomalous ones where there are
  /// enough of both, spread evenly over their names.
  func limited(to count: Int) -> Dataset {
    var result = self
    let kept = categories.flatMap { category in
      let pictures = test.filter { $0.category == category }
      let normal = pictures.filter { !$0.label.isAnomalous }
      let anomalous = pictures.filter { $0.label.isAnomalous }
      let some = min(normal.count, max(count / 2, count - anomalous.count))
      return normal.spread(some) + anomalous.spread(count - some)
    }
    result.samples = (train + kept).sorted { ($0.category, $0.path) < ($1.category, $1.path) }
    return result
  }
}
