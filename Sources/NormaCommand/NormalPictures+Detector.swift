import CommandLineBasics
import Norma
import NormaCore
import NormaFiles
import NormaTraining

extension NormalPictures {
  /// Inspects `samples`.
  /// - Parameters:
  ///   - stopped: what an cancellation says: what was kept, and how to go on.
  ///   - unreadable: called for a picture that cannot be read; what it does not throw is left out.
  init(
    _ samples: [Sample], detector: Detector, reader: PictureReader, cancellation: Cancellation,
    stopped: String,
    unreadable: (FileProblem) throws -> Void = { throw $0 }
  ) throws {
    var found: [Picture] = []
    let progress = ProgressLine("Scoring normal pictures", total: samples.count, unit: "pictures")
    try detector.detect(samples.map(\.path), reader: reader) { index, outcome in
      try cancellation.check(stopped)
      switch outcome {
      case .unreadable(let problem): try unreadable(problem)
      case .detected(let detection):
        found.append(
          Picture(
            category: samples[index].category, score: detection.score,
            peak: detection.map.values.max() ?? 0, feature: detection.feature,
            suspicion: detection.perceived?.suspicion))
      }
      progress.update(index + 1)
    }
    progress.finish()
    self.init(found)
  }
}
