import Foundation
import Norma
import NormaCore

/// The fingerprints of a data set's pictures by category, which name runs and models.
struct BenchmarkPictures {
  private var trainingByCategory: [String: String] = [:]
  private var testByCategory: [String: String] = [:]
  private let reading: String

  /// - Throws: `Interrupted` when a stop is requested, `FileProblem` when a file cannot be read.
  init(_ dataset: Dataset, reader: PictureReader, interruption: Interruption) throws {
    reading = "oriented \(reader.appliesOrientation)"
    for category in dataset.categories {
      let samples = dataset.samples.filter { $0.category == category }
      let test = samples.filter { $0.split == .test }
      let masks = test.flatMap { sample in
        sample.masks.map { path -> Sample in
          var mask = sample
          mask.path = path
          return mask
        }
      }
      trainingByCategory[category] = try PictureFingerprint.of(
        samples.filter { $0.split == .train }, root: dataset.root, interruption: interruption)
      testByCategory[category] = try PictureFingerprint.of(
        test + masks, root: dataset.root, interruption: interruption)
    }
  }

  /// Of the training pictures of `categories`.
  func training(_ categories: [String]) -> String { joined(categories, trainingByCategory) }

  func trainingKey(of run: BenchmarkRun) -> String {
    run.trainingKey(pictures: training(run.categories))
  }

  func key(of run: BenchmarkRun) -> String {
    run.key(
      pictures: training(run.categories), test: joined(run.categories, testByCategory))
  }

  private func joined(_ categories: [String], _ fingerprints: [String: String]) -> String {
    let facts = [reading] + categories.map { "\($0) \(fingerprints[$0] ?? "")" }
    return Digest.sha256(Data(facts.joined(separator: "\n").utf8))
  }
}
