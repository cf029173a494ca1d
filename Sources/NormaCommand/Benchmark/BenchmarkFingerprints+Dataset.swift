import Foundation
import Norma
import NormaCore
import NormaFiles

extension BenchmarkFingerprints {
  /// Reads the pictures of a data set, or finds their digests from an earlier run.
  /// - Throws: `Interrupted` when a stop is requested, `FileProblem` when a file cannot be read.
  init(_ dataset: Dataset, reader: PictureReader, cancellation: Cancellation) throws {
    self.init(
      training: [:], test: [:], reading: "oriented \(reader.appliesOrientation)")
    for category in dataset.categories {
      let samples = dataset.samples.filter { $0.category == category }
      let tested = samples.filter { $0.split == .test }
      let masks = tested.flatMap { sample in
        sample.masks.map { path -> Sample in
          var mask = sample
          mask.path = path
          return mask
        }
      }
      training[category] = try PictureFingerprint.of(
        samples.filter { $0.split == .train }, root: dataset.root, cancellation: cancellation)
      let files = try PictureFingerprint.of(
        tested + masks, root: dataset.root, cancellation: cancellation)
      test[category] = Digest.sha256(
        Data(([files] + Self.facts(tested, root: dataset.root)).joined(separator: "\n").utf8))
    }
  }

  /// What is said of the test pictures, which a table may say otherwise of the same files.
  private static func facts(_ samples: [Sample], root: String) -> [String] {
    samples.map { sample in
      ([sample.path] + sample.masks).map { FilePath.relative($0, to: root) }
        .joined(separator: "\t") + (sample.label.isAnomalous ? "\tanomalous" : "\tnormal")
    }.sorted()
  }
}
