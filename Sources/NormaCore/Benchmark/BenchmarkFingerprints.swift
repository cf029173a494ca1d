import Foundation
import NormaFiles

/// The fingerprints of a data set's pictures by category, which name a plan's runs and their models, on
/// whatever machine these are computed.
public struct BenchmarkFingerprints: Codable, Sendable, Equatable {
  /// Of the pictures to train on, by category.
  public var training: [String: String]
  /// Of the pictures and masks to test with and their labels, by category.
  public var test: [String: String]
  /// How pictures are read: whatever makes the same files other pictures.
  public var reading: String

  public init(training: [String: String], test: [String: String], reading: String) {
    (self.training, self.test, self.reading) = (training, test, reading)
  }

  /// Of the training pictures of `categories`.
  public func ofTraining(_ categories: [String]) -> String { joined(categories, training) }

  /// Names the model of `run`; see ``BenchmarkRun/trainingKey(pictures:)``.
  public func trainingKey(of run: BenchmarkRun) -> String {
    run.trainingKey(pictures: ofTraining(run.categories))
  }

  /// Names what `run` finds.
  public func key(of run: BenchmarkRun) -> String {
    run.key(pictures: ofTraining(run.categories), test: joined(run.categories, test))
  }

  private func joined(_ categories: [String], _ fingerprints: [String: String]) -> String {
    let facts = [reading] + categories.map { "\($0) \(fingerprints[$0] ?? "")" }
    return Digest.sha256(Data(facts.joined(separator: "\n").utf8))
  }
}
