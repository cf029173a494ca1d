import Norma
import NormaCore

/// Normal pictures as a detector sees them.
struct NormalPictures {
  private struct Found {
    var category: String
    var score: Float
    var peak: Float
    var feature: [Float]
    var uncertainty: Float?
  }
  private var found: [Found] = []

  /// Inspects `samples`.
  /// - Parameters:
  ///   - stopped: what an interruption says: what was kept, and how to go on.
  ///   - unreadable: called for a picture that cannot be read; what it does not throw is left out.
  init(
    _ samples: [Sample], detector: Detector, reader: PictureReader, interruption: Interruption,
    stopped: String,
    unreadable: (FileProblem) throws -> Void = { throw $0 }
  ) throws {
    let progress = ProgressLine("Scoring normal pictures", total: samples.count, unit: "pictures")
    try detector.detect(samples.map(\.path), reader: reader) { index, outcome in
      try interruption.check(stopped)
      switch outcome {
      case .unreadable(let problem): try unreadable(problem)
      case .detected(let detection):
        found.append(
          Found(
            category: samples[index].category, score: detection.score,
            peak: detection.map.values.max() ?? 0, feature: detection.feature,
            uncertainty: detection.uncertainty?.value))
      }
      progress.update(index + 1)
    }
    progress.finish()
  }

  var scores: [String: [Float]] { grouped(found.map(\.score)) }
  var peaks: [String: [Float]] { grouped(found.map(\.peak)) }
  /// Empty for a model that does not know.
  var uncertainties: [String: [Float]] {
    Dictionary(grouping: found.filter { $0.uncertainty != nil }, by: \.category)
      .mapValues { $0.compactMap(\.uncertainty) }
  }
  var features: [(category: String, feature: [Float])] { found.map { ($0.category, $0.feature) } }

  func scores(scaledBy gaps: [Double]) -> [String: [Float]] {
    grouped(zip(found, gaps).map { Float(Double($0.score) * $1) })
  }

  func peaks(scaledBy gaps: [Double]) -> [String: [Float]] {
    grouped(zip(found, gaps).map { Float(Double($0.peak) * $1) })
  }

  /// An uncertainty has no more than ½ to say, however far it is stretched.
  func uncertainties(scaledBy gaps: [Double]) -> [String: [Float]] {
    Dictionary(grouping: zip(found, gaps).filter { $0.0.uncertainty != nil }, by: \.0.category)
      .mapValues { pairs in
        pairs.compactMap { found, gap in
          found.uncertainty.map { min(0.5, Float(Double($0) * gap)) }
        }
      }
  }

  private func grouped(_ values: [Float]) -> [String: [Float]] {
    Dictionary(grouping: zip(found, values), by: \.0.category).mapValues { $0.map(\.1) }
  }
}
