import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaReport
import TestSupport
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

  @Test func anOlderModelSaysThatItDoesNotKnowItsPictures() throws {
    let result = try run("calibrate", model, pictures)
    #expect(result.status == 0 && result.output.contains("cannot be told"), "\(result)")
    #expect(!result.errors.contains("trained on"), "\(result)")
  }

  @Test func picturesOfDefectsAskForAnotherRate() throws {
    for number in 0..<3 {
      try folder.write(
        TinyModel.picture(red: UInt8(240 + number)), to: "bad/plates/crack/\(number).png")
    }
    let bad = folder.path + "/bad"
    let result = try run("calibrate", model, pictures, "--defects", bad, "--json", "--set")
    #expect(result.status == 0, "\(result)")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    let found = try #require(object["operatingPoints"] as? [String: Any])
    let points = try #require(found["points"] as? [[String: Any]])
    let recommended = points[try #require(found["recommended"] as? Int)]
    let rate = try #require(recommended["falseAlarmRate"] as? Double)
    #expect(found["defects"] as? Int == 3 && found["pictures"] as? Int == 4)
    #expect((recommended["catches"] as? [String: Any])?["count"] as? Int == 3)
    #expect(object["recommendedIsSet"] as? Bool == true)
    #expect(object["falseAlarmRate"] as? Double == rate)
    #expect(try ModelFolder.open(model).calibration().falseAlarmRate == rate)
    #expect(result.errors.contains("← recommended"), "notes go beside the JSON: \(result)")
  }

  @Test func whatOnlyDefectsNeedIsAskedForWithThem() throws {
    #expect(try run("calibrate", model, pictures, "--set").status == 64)
    let both = try run(
      "calibrate", model, pictures, "--defects", pictures, "--set", "--false-alarm-rate", "0.1")
    #expect(both.status == 64 && both.errors.contains("give one of them"), "\(both)")
    for (option, value) in [("--miss-cost", "0"), ("--defect-share", "1")] {
      let result = try run("calibrate", model, pictures, option, value)
      #expect(result.status == 64 && result.errors.contains(option), "\(result)")
    }
    let nowhere = try run("calibrate", model, pictures, "--defects", folder.path + "/nowhere")
    #expect(nowhere.status == 3 && nowhere.errors.contains("no such folder"), "\(nowhere)")
  }

  @Test func whatIsFarOutIsNamedAndNotLeftOut() throws {
    for number in 4..<12 {
      try folder.write(
        TinyModel.picture(red: UInt8(100 + number)), to: "new/plates/\(number).png")
    }
    try folder.write(TinyModel.picture(red: 255), to: "new/plates/odd.png")
    let result = try run("calibrate", model, pictures)
    #expect(result.status == 0, "\(result)")
    #expect(result.errors.contains("1 of the 13 normal pictures stands far out"), "\(result)")
    #expect(result.errors.contains("\(pictures)/plates/odd.png (plates)"), "\(result)")
    #expect(result.errors.contains("the threshold of plates would be"), "\(result)")
    #expect(try ModelFolder.open(model).calibration().normalScores["plates"]?.count == 13)
  }

  /// Whichever is the last to write, the model has the thresholds of the one and the figures of the other.
  @Test func calibratingAndEvaluatingDoNotUndoEachOther() throws {
    for category in ["plates", "rings"] {
      try folder.write(TinyModel.picture(red: 60), to: "data/\(category)/test/good/0.png")
      try folder.write(TinyModel.picture(red: 255), to: "data/\(category)/test/dent/0.png")
    }
    for round in 1...3 {
      let home = folder.path + "/home"
      let running = [
        try RuntimeProcess(["calibrate", model, pictures], home: home, executable: "norma"),
        try RuntimeProcess(["evaluate", model, folder.path + "/data"], home: home),
        try RuntimeProcess(["inspect", model, pictures], home: home),
      ]
      for process in running {
        let output = process.output.fileHandleForReading.bytes()
        let errors = process.errors.fileHandleForReading.bytes()
        process.process.waitUntilExit()
        let said = String(decoding: output + errors, as: UTF8.self)
        #expect([0, 1].contains(process.process.terminationStatus), "\(said)")
        #expect(!said.contains("was not written into the model"), "\(said)")
      }
      let manifest = try ModelFolder.open(model).manifest
      #expect(manifest.previousCalibrations.count == round && manifest.metrics != nil)
      let (shown, calibration) = (try content(), try ModelFolder.open(model).calibration())
      #expect(shown.calibration == ReportContent.Calibration(calibration))
      #expect(shown.evaluation != nil)
    }
  }

  /// The folder is locked by its own inode, which any program can do.
  @Test func aCommandWaitsForAnotherAndSaysSo() throws {
    var lock: FolderLock? = try FolderLock.wait(for: model, waiting: {})
    let running = try RuntimeProcess(
      ["calibrate", model, pictures], home: folder.path + "/home", executable: "norma")
    var said = ""
    while !said.contains("Waiting for another command that changes \(model)") {
      let more = running.output.fileHandleForReading.bytes(upTo: 1)
      guard !more.isEmpty else { break }
      said += String(decoding: more, as: UTF8.self)
    }
    #expect(said.contains("Waiting for another command"), "\(said)")
    #expect(running.process.isRunning)
    #expect(try ModelFolder.open(model).manifest.previousCalibrations == [])
    withExtendedLifetime(lock) {}
    lock = nil
    _ = running.output.fileHandleForReading.bytes()
    running.process.waitUntilExit()
    #expect(running.process.terminationStatus == 0)
    #expect(try ModelFolder.open(model).manifest.previousCalibrations.count == 1)
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
