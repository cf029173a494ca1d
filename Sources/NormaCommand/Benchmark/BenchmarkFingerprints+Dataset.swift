import Norma
import NormaCore

extension BenchmarkFingerprints {
  /// Reads the pictures of a data set, or finds their digests from an earlier run.
  /// - Throws: `Interrupted` when a stop is requested, `FileProblem` when a file cannot be read.
  init(_ dataset: Dataset, reader: PictureReader, interruption: Interruption) throws {
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
        samples.filter { $0.split == .train }, root: dataset.root, interruption: interruption)
      test[category] = try PictureFingerprint.of(
        tested + masks, root: dataset.root, interruption: interruption)
    }
  }
}
