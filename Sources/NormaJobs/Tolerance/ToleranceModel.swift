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
    return try paths.enumerated().map { index, path in
      let folder = try ModelFolder.open(path)
      if let caution = Detector.caution(for: folder) { context.warning(caution) }
      let isAlone = stems.count { $0 == stems[index] } == 1
      return ToleranceModel(
        name: isAlone ? stems[index] : path, folder: folder, detector: try Detector(model: folder),
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
