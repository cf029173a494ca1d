import Foundation
import Norma
import NormaCore
import NormaReport
import Testing

/// `norma calibrate` from outside.
@Suite struct CalibrateCommandTests {
  let folder: TemporaryFolder
  let model: String
  let pictures: String

  init() throws {
    folder = try TemporaryFolder()
    model = folder.path + "/tiny.norma"
    pictures = folder.path + "/new"
    try TinyModel.write(to: model)
    for number in 0..<4 {
      try folder.write(
        TinyModel.picture(red: UInt8(100 + number)), to: "new/plates/\(number).png")
    }
  }

  private func run(_ verb: String, _ arguments: String...) throws -> RuntimeProcess.Result {
    try RuntimeProcess.run(
      [verb] + arguments, home: folder.path + "/home",
      executable: verb == "calibrate" ? "norma" : "norma-runtime")
  }

  @Test func categoriesWithoutNewPicturesKeepTheirs() throws {
    let before = try TinyModel.calibration()
    let result = try run("calibrate", model, pictures)
    #expect(result.status == 0, "\(result)")
    #expect(result.lines.contains("Renewed: plates"))
    #expect(result.lines.contains("Kept, with the pictures from before: rings"))
    let after = try ModelFolder.open(model).calibration()
    #expect(after.normalScores["plates"]?.count == 4)
    #expect(after.normalScores["rings"] == before.normalScores["rings"])
  }

  @Test func aPictureThatCannotBeReadIsLeftOut() throws {
    try folder.write(TinyModel.picture(red: 250).dropLast(60), to: "new/plates/9.png")
    let result = try run("calibrate", model, pictures)
    #expect(result.status == 0 && result.errors.contains("left out: \(pictures)/plates/9.png"))
    #expect(try ModelFolder.open(model).calibration().normalScores["plates"]?.count == 4)

    for number in 0..<3 {
      try folder.write(
        TinyModel.picture(red: 250).dropLast(60), to: "broken/plates/\(number).png")
    }
    let manifest = try ModelFolder.open(model).manifest
    let none = try run("calibrate", model, folder.path + "/broken")
    #expect(none.status == 3 && none.errors.contains("none of its pictures can be read"))
    #expect(try ModelFolder.open(model).manifest == manifest)
  }

  @Test func aRateThatIsNoneIsAUsageError() throws {
    for rate in ["0", "1", "7"] {
      let result = try run("calibrate", model, pictures, "--false-alarm-rate", rate)
      #expect(result.status == 64 && result.errors.contains("--false-alarm-rate"), "\(result)")
    }
  }

  @Test func thePageShowsTheNewThresholds() throws {
    for category in ["plates", "rings"] {
      try folder.write(TinyModel.picture(red: 60), to: "data/\(category)/test/good/0.png")
      try folder.write(TinyModel.picture(red: 102), to: "data/\(category)/test/dent/0.png")
      try folder.write(TinyModel.picture(red: 255), to: "data/\(category)/test/dent/1.png")
    }
    #expect(try run("evaluate", model, folder.path + "/data").status == 0)
    let evaluated = try content()
    let before = try #require(evaluated.evaluation?.categories.first)
    #expect(before.shared?.misses == 0)

    #expect(try run("calibrate", model, pictures).status == 0)
    let after = try content()
    let calibration = try ModelFolder.open(model).calibration()
    #expect(after.calibration == ReportContent.Calibration(calibration))
    #expect(after.calibration != evaluated.calibration)
    let page = try ModelFolder.open(model).data(ModelFile.report)
    #expect(page == Data(ReportPage.html(after).utf8))
    // One of the dents lies below the new threshold, so its picture moves to the missed.
    let plates = try #require(after.evaluation?.categories.first)
    #expect(plates.shared?.misses == 1 && plates.shared?.falseAlarms == 0)
    let missed = try #require(plates.examples.first { $0.fate == .missed })
    #expect(missed.total == 1 && missed.examples.map(\.fileName) == ["dent/0.png"])
    let caught = try #require(plates.examples.first { $0.fate == .caught })
    #expect(caught.total == 1 && caught.examples.map(\.fileName) == ["dent/1.png"])
    #expect(after.evaluation?.note?.contains("set after this evaluation") == true)
    // Measured again, all is of one piece.
    #expect(try run("evaluate", model, folder.path + "/data").status == 0)
    #expect(try content().evaluation?.note == nil)
  }

  private func content() throws -> ReportContent {
    try ReportContent(
      encoded: ModelFolder.open(model).data(EvaluationReport.contentFile))
  }
}
