import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaReport
import Testing

/// The record of a training, and the pages that it is shown on.
@Suite struct TrainingRecordTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static func record(finished: Date = Date(timeIntervalSince1970: 0)) -> TrainingRecord {
    var losses = LossHistory()
    losses.epochs = [
      .init(training: 0.5, heldOut: 0.6, seconds: 10), .init(training: .infinity, seconds: 25),
      .init(training: 0.125, heldOut: 0.4, seconds: 31.5),
    ]
    (losses.kept, losses.steps) = (0, 6)
    return TrainingRecord(
      losses: losses, trainingPictures: 18, heldOutPictures: 2, seed: 7, precision: .bf16,
      machine: .init(processor: "Some Processor", cores: 8, device: "cpu"), engineVersion: "2.9.0",
      toolVersion: "1.2.3", finished: finished)
  }

  /// A model with these files besides its own.
  private func model(_ files: [String: Data]) throws -> ModelFolder {
    let path = folder.path + "/line.norma"
    let model = try TinyModel.write(to: path)
    return files.isEmpty ? model : try model.update(files: files)
  }

  @Test func aRecordIsReadAsItWasWritten() throws {
    let record = Self.record()
    let json = try record.json()
    #expect(try TrainingRecord(json: json) == record)
    #expect(record.seconds == 31.5 && record.losses.keptEpoch == 1)
    #expect(record.finished == "1970-01-01T00:00:00Z")
    let text = String(decoding: json, as: UTF8.self)
    for part in [
      "\"formatVersion\" : 1", "\"precision\" : \"bf16\"", "\"cores\" : 8",
      "\"engineVersion\" : \"2.9.0\"", "\"kept\" : 0", "\"training\" : \"inf\"",
    ] {
      #expect(text.contains(part), "\(part) in \(text)")
    }
    let opened = try ModelFolder.open(model([ModelFile.training: json]).path)
    #expect(try TrainingRecord.read(from: opened) == record)
  }

  @Test func whatIsNoRecordIsNamed() throws {
    func problem(_ text: String) throws -> String {
      let model = try ModelFolder.open(
        model([ModelFile.training: Data(text.utf8)]).path)
      let error = #expect(throws: FileProblem.self) { try TrainingRecord.read(from: model) }
      try FileManager.default.removeItem(atPath: model.path)
      return "\(try #require(error))"
    }
    let later = try problem("{\"formatVersion\": 2}")
    #expect(later.contains("line.norma/training.json"), "\(later)")
    #expect(later.contains("it has format 2; this version of Norma reads up to 1"), "\(later)")
    let empty = try problem("{\"formatVersion\": 1}")
    #expect(empty.contains("not the record of a training: it has no"), "\(empty)")
    #expect(try problem("[]").contains("training.json"))
  }

  @Test func aModelWithoutRecordOrPageHasNone() throws {
    #expect(try TrainingRecord.read(from: model([:])) == nil)
  }

  @Test func thePageShowsWhatTheRecordSays() throws {
    let record = Self.record()
    var content = ReportFixture.trained
    content.show(record)
    #expect(content.losses == record.losses && content.model.trainingSeconds == 31.5)
    #expect(content.model.trainingPictures == 18 && content.model.heldOutPictures == 2)
    #expect(try ReportContent(encoded: content.encoded()) == content)
    let page = ReportPage.html(content)
    #expect(page.contains("The model holds the weights of epoch 1 of 3: training loss 0.5000"))
    #expect(page.contains("loss on held-out pictures 0.6000"))

    var fit = record
    fit.losses = LossHistory(fitSeconds: 3.25)
    fit.seconds = fit.losses.seconds
    content.show(fit)
    #expect(content.losses == nil && content.model.trainingSeconds == 3.25)
  }

  @Test func aNewModelsPageIsOfItsRecord() throws {
    let (record, model) = (Self.record(), try model([:]))
    let content = ReportContent(
      title: "line", manifest: model.manifest, training: record,
      calibration: try model.calibration())
    #expect(content.losses == record.losses && content.model.heldOutPictures == 2)
    #expect(content.model.trainingPictures == 18 && content.model.trainingSeconds == 31.5)
    #expect(content.calibration?.source == .holdout && content.evaluation == nil)
    #expect(content.model.recipe == model.manifest.recipe.yaml)
  }

  /// The record decides, whatever an older page of the model says.
  @Test func aLaterPageTakesTheTrainingFromTheRecord() throws {
    let record = Self.record()
    let model = try model([
      ModelFile.training: record.json(), ModelFile.reportContent: Data(Self.oldContent.utf8),
    ])
    let content = try EvaluationReport.content(of: model, calibration: model.calibration())
    #expect(content.losses == record.losses && content.model.trainingSeconds == 31.5)
    #expect(content.title == "line" && content.portraits?.count == 1)
    // A model that LibTorch alone has made has a record and no page.
    let bare = try TinyModel.write(to: folder.path + "/bare.norma")
      .update(files: [ModelFile.training: record.json()])
    let first = try EvaluationReport.content(of: bare, calibration: bare.calibration())
    #expect(first.losses == record.losses && first.model.trainingPictures == 18)
  }

  // MARK: Models of before there were records

  @Test func contentOfBeforeStillOpens() throws {
    let content = try ReportContent(encoded: Data(Self.oldContent.utf8))
    #expect(content.title == "line" && content.model.trainingPictures == 18)
    let losses = try #require(content.losses)
    #expect(losses.epochs.map(\.training) == [0.5, 0.25, 0.125])
    #expect(losses.epochs.map(\.heldOut) == [0.6, .infinity, 0.4])
    #expect(losses.keptEpoch == 3 && losses.steps == 6)
    #expect(content.evaluation?.categories.first?.examples.first?.fate == .caught)
    #expect(content.evaluation?.review == nil && content.reliability?.count == 8)
    #expect(ReportPage.html(content).contains("epoch 3 of 3"))
    // Nothing of it is lost or called otherwise but its dial, which is of another threshold than decides
    // now; each epoch says besides when it ended.
    var kept = Self.oldContent
    let start = try #require(kept.range(of: ",\"review\":")).lowerBound
    kept.removeSubrange(start..<(try #require(kept.range(of: "\"pictures\":1}")).upperBound))
    var text = String(decoding: try content.encoded(), as: UTF8.self)
    for seconds in [30, 60, 90] { text = text.replacing("\"seconds\":\(seconds),", with: "") }
    #expect(text == kept)
  }

  @Test func theRecordIsDerivedFromThePage() throws {
    let model = try model([ModelFile.reportContent: Data(Self.oldContent.utf8)])
    let record = try #require(try TrainingRecord.read(from: model))
    #expect(record.losses.epochs.map(\.training) == [0.5, 0.25, 0.125])
    #expect(record.losses.epochs.map(\.heldOut) == [0.6, .infinity, 0.4])
    // Nobody noted when epochs ended: they count as equally long.
    #expect(record.losses.epochs.map(\.seconds) == [30, 60, 90])
    #expect(record.losses.kept == 2 && record.losses.steps == 6)
    #expect(record.seconds == 90 && record.losses.seconds == 90)
    #expect(record.trainingPictures == 18 && record.heldOutPictures == 2)
    #expect(record.seed == model.manifest.recipe.training.seed && record.toolVersion == "0")
    #expect(record.machine == nil && record.engineVersion == nil && record.finished == nil)
  }

  @Test func theRecordOfAFitIsDerivedToo() throws {
    var content = try ReportContent(encoded: Data(Self.oldContent.utf8))
    content.losses = nil
    content.model.trainingSeconds = 3.5
    let model = try model([ModelFile.reportContent: content.encoded()])
    let record = try #require(try TrainingRecord.read(from: model))
    #expect(record.losses.epochs.isEmpty && record.losses.fitSeconds == 3.5)
    #expect(record.seconds == 3.5 && record.losses.steps == nil)
  }

  @Test func aPageThatIsNoneIsNamed() throws {
    let model = try model([ModelFile.reportContent: Data("{}".utf8)])
    let error = #expect(throws: FileProblem.self) { try TrainingRecord.read(from: model) }
    #expect("\(try #require(error))".contains("report/content.json"))
  }

  /// A page's content as it was written before there were records.
  private static let oldContent = #"""
    {"calibration":{"categories":[{"category":"bottle","threshold":{"basis":"category",\#
    "isExtrapolated":false,"pictures":3,"rate":0.25,"value":0.5}}],"pixelThreshold":0.625,\#
    "requestedRate":0.01,"shared":{"basis":"pooled","isExtrapolated":false,"pictures":3,\#
    "rate":0.25,"value":0.5},"source":"holdout"},"evaluation":{"autoCategoryAccuracy":1,\#
    "categories":[{"anomalousCount":1,"anomalousScores":[0.75],\#
    "examples":[{"examples":[{"contour":"\/9j\/4AECAw==","fileName":"dent\/1.jpg",\#
    "groundTruth":"\/9j\/4AECAw==","heatMap":"\/9j\/4AECAw==","pValue":0.25,\#
    "picture":"\/9j\/4AECAw==","score":0.75}],"fate":"caught","total":1}],\#
    "metrics":{"imageAP":1,"imageAUROC":1,"imageF1Max":1},"name":"bottle","normalCount":2,\#
    "normalScores":[0.25,0.375],"own":{"falseAlarms":0,"misses":0,"threshold":0.5},\#
    "roc":[{"falsePositiveRate":0,"truePositiveRate":0},{"falsePositiveRate":0,\#
    "truePositiveRate":1},{"falsePositiveRate":1,"truePositiveRate":1}],\#
    "shared":{"falseAlarms":0,"misses":0,"threshold":0.5}}],"dataset":"bottles",\#
    "deciding":"shared","mean":{"imageAP":1,"imageAUROC":1,"imageF1Max":1},"note":"sorted",\#
    "review":{"byScore":[{"errorRate":0,"falseAlarms":0,"misses":0,"sent":0,"share":0},\#
    {"errorRate":0,"falseAlarms":0,"misses":0,"sent":0,"share":0.01},{"errorRate":0,\#
    "falseAlarms":0,"misses":0,"sent":0,"share":0.02},{"errorRate":0,"falseAlarms":0,\#
    "misses":0,"sent":0,"share":0.05},{"errorRate":0,"falseAlarms":0,"misses":0,"sent":0,\#
    "share":0.1},{"errorRate":0,"falseAlarms":0,"misses":0,"sent":0,"share":0.2}],\#
    "byUncertainty":[{"errorRate":0,"falseAlarms":0,"misses":0,"sent":0,"share":0},\#
    {"errorRate":0,"falseAlarms":0,"misses":0,"sent":0,"share":0.01},{"errorRate":0,\#
    "falseAlarms":0,"misses":0,"sent":0,"share":0.02},{"errorRate":0,"falseAlarms":0,\#
    "misses":0,"sent":0,"share":0.05},{"errorRate":0,"falseAlarms":0,"misses":0,"sent":0,\#
    "share":0.1},{"errorRate":0,"falseAlarms":0,"misses":0,"sent":0,"share":0.2}],\#
    "pictures":1}},"losses":{"epochs":[{"heldOut":0.6,"number":1,"training":0.5},\#
    {"heldOut":"inf","number":2,"training":0.25},{"heldOut":0.4,"number":3,"training":0.125}],\#
    "keptEpoch":3,"scale":"logarithmic","steps":6},"model":{"backbone":"EfficientNet-B4",\#
    "categories":["bottle"],"heldOutPictures":2,"imageSize":224,"method":"RAS",\#
    "more":[{"label":"seed","value":"17"}],"precision":"float32","recipe":"method: ras\n",\#
    "toolVersion":"0.1.0","trainingPictures":18,"trainingSeconds":90},\#
    "portraits":[{"rows":[{"caption":"a.png","note":"n","tiles":[{"image":"\/9j\/4AECAw==",\#
    "label":"map"}]}],"text":"Steps.","title":"Inside"}],"reliability":{"bins":[{"count":1,\#
    "lower":0,"observed":0,"probability":0,"upper":0.1},{"count":1,"lower":0.1,"observed":0,\#
    "probability":0.125,"upper":0.2},{"count":1,"lower":0.2,"observed":0,"probability":0.25,\#
    "upper":0.3},{"count":1,"lower":0.3,"observed":0,"probability":0.375,"upper":0.4},\#
    {"count":1,"lower":0.5,"observed":0,"probability":0.5,"upper":0.6},{"count":1,"lower":0.6,\#
    "observed":0,"probability":0.625,"upper":0.7},{"count":1,"lower":0.7,"observed":1,\#
    "probability":0.75,"upper":0.8},{"count":1,"lower":0.8,"observed":1,"probability":0.875,\#
    "upper":0.9}],"count":8,"expectedCalibrationError":0.28125,"observed":0.25,\#
    "probability":0.4375},"title":"line"}
    """#
}
