import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaJobs
import NormaReport
import NormaTraining
import TestSupport
import Testing

/// Models that Norma 0.1.0 wrote, before it kept a record of trainings, are opened, inspect and evaluate as
/// they did, and lend their networks.
@Suite struct OldModelTests {
  private struct Found: Decodable {
    struct Verdict: Decodable {
      var path: String
      var score: Double
      var threshold: Double
      var anomalous: Bool
    }
    struct Evaluation: Decodable {
      struct Category: Decodable {
        var name: String
        var imageAUROC: Double
      }
      var categories: [Category]
    }
    var verdicts: [Verdict]
    var evaluation: Evaluation
  }

  private func found(_ method: String) throws -> Found {
    try JSONDecoder().decode(
      Found.self,
      from: Data(contentsOf: URL(fileURLWithPath: JobBench.fixture(method + ".json"))))
  }

  @Test(arguments: JobBench.methods)
  func itsVerdictsAreWhatTheyWere(_ method: String) throws {
    let bench = try JobBench()
    let expected = try found(method)
    let model = try ModelFolder.open(JobBench.fixture(method + ".norma.zip"))
    let detector = try Detector(model: model, options: .init(cacheFolder: nil))
    let calibration = try model.calibration()
    let session = try detector.session()
    for verdict in expected.verdicts {
      let path = bench.folder[verdict.path]
      let picture = try PictureReader(for: model.manifest).read(path, size: detector.imageSize)
      let score = Double(try session.detect(picture, name: path).score)
      // Other processors add up in another order.
      #expect(abs(score - verdict.score) <= 1e-3 * abs(verdict.score), "\(verdict.path)")
      #expect(try #require(calibration.shared).value == Float(verdict.threshold))
    }
  }

  @Test(arguments: JobBench.methods)
  func itIsEvaluatedAsItWas(_ method: String) throws {
    let bench = try JobBench()
    let model = try ModelFolder.open(JobBench.fixture(method + ".norma.zip"))
    let reader = PictureReader()
    let evaluator = Evaluator(
      detector: try Detector(model: model, options: .init(cacheFolder: nil)),
      calibration: try model.calibration(), reader: reader)
    let dataset = try DatasetReader.read(bench.pictures, by: reader)
    let result = try evaluator.evaluate(dataset) { _, _ in }.result
    let expected = try found(method).evaluation.categories
    #expect(result.categories.map(\.name) == expected.map(\.name))
    for (category, old) in zip(result.categories, expected) {
      #expect(abs((category.imageAUROC ?? 0) - old.imageAUROC) < 1e-6, "\(old.name)")
    }
  }

  @Test(arguments: JobBench.methods)
  func itsNetworkIsTakenOver(_ method: String) throws {
    let bench = try JobBench()
    let old = try ModelFolder.open(JobBench.fixture(method + ".norma.zip"))
    let record = try #require(try TrainingRecord.read(from: old))
    let page = try EvaluationReport.content(of: old, calibration: old.calibration())
    #expect(page.model.method == old.manifest.recipe.title)
    #expect(record.trainingPictures == 12 && record.heldOutPictures == 4)
    #expect(record.losses.epochs.count == (["patchcore", "padim"].contains(method) ? 0 : 3))
    try TrainJob(bench.request(method, weightsOf: old.path), bench.context()).run()
    let new = try ModelFolder.open(bench.folder["line.norma"])
    #expect(try StoredNetwork(new).weights == StoredNetwork(old).weights)
    #expect(try new.data(ModelFile.graph) == old.data(ModelFile.graph))
    #expect(new.manifest.recipe == old.manifest.recipe)
  }
}
