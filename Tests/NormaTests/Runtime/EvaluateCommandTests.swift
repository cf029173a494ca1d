import Foundation
import Norma
import NormaCore
import Testing

/// `norma-runtime evaluate` from outside.
@Suite struct EvaluateCommandTests {
  let folder: TemporaryFolder
  let model: String
  let data: String

  init() throws {
    folder = try TemporaryFolder()
    model = folder.path + "/tiny.norma"
    data = folder.path + "/data"
    try TinyModel.write(to: model)
    for category in ["plates", "rings", "bolts"] {
      try folder.write(TinyModel.picture(red: 30), to: "data/\(category)/train/good/0.png")
      try folder.write(TinyModel.picture(red: 30), to: "data/\(category)/test/good/0.png")
      try folder.write(TinyModel.picture(red: 255), to: "data/\(category)/test/dent/0.png")
      try folder.write(
        TinyModel.mask(), to: "data/\(category)/ground_truth/dent/0_mask.png")
    }
  }

  private func run(_ arguments: String...) throws -> RuntimeProcess.Result {
    try RuntimeProcess.run(["evaluate"] + arguments, home: folder.path + "/home")
  }

  private func figures(_ result: RuntimeProcess.Result) throws -> [String: Any] {
    try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
  }

  @Test func jsonHasCategoriesAndMean() throws {
    let result = try run(model, data, "--json", "--no-report")
    #expect(result.status == 0)
    let object = try figures(result)
    let categories = try #require(object["categories"] as? [[String: Any]])
    #expect(categories.map { $0["name"] as? String } == ["plates", "rings"])
    #expect(categories[0]["imageAUROC"] as? Double == 1)
    #expect(categories[0]["aupro"] is Double && categories[0]["pixelAUROC"] is Double)
    #expect((object["mean"] as? [String: Any])?["imageAUROC"] as? Double == 1)
    #expect(result.errors.contains("left out, because the model was not trained on it: bolts"))
    #expect(try ModelFolder.open(model).contains(ModelFile.report) == false)
  }

  @Test func theDialIsMeasured() throws {
    let unsure = folder.path + "/unsure.norma"
    try TinyModel.write(to: unsure, perceives: true)
    let result = try run(unsure, data, "--json")
    #expect(result.status == 0, "\(result)")
    let review = try #require(try figures(result)["review"] as? [String: Any])
    #expect(review["pictures"] as? Int == 4)
    let rows = try #require(review["byLevel"] as? [[String: Any]])
    #expect(rows.first?["sent"] as? Int == 0 && rows.last?["sent"] as? Int == 1)
    let page = String(
      decoding: try ModelFolder.open(unsure).data(ModelFile.report), as: UTF8.self)
    #expect(page.contains("id=\"review\"") && page.contains("href=\"#review\""))
    let text = try run(unsure, data, "--no-report").output
    #expect(text.contains("when a person looks at those in doubt"))
    // Every model with thresholds has one.
    #expect(try figures(run(model, data, "--json", "--no-report"))["review"] != nil)
    let raw = folder.path + "/raw.norma"
    try TinyModel.write(to: raw, calibration: .uncalibrated())
    #expect(try figures(run(raw, data, "--json", "--no-report"))["review"] == nil)
  }

  @Test func probabilitiesAreMeasured() throws {
    let perceiving = folder.path + "/perceiving.norma"
    try TinyModel.write(to: perceiving, perceives: true)
    let found = try figures(run(perceiving, data, "--json", "--no-report"))
    let diagram = try #require(found["reliability"] as? [String: Any])
    #expect(diagram["count"] as? Int == 16)
    #expect(diagram["expectedCalibrationError"] is Double)
    let text = try run(perceiving, data, "--no-report").output
    #expect(text.contains("probabilities of 16 tokens") && text.contains("calibration error"))
    #expect(try figures(run(model, data, "--json", "--no-report"))["reliability"] == nil)
  }

  @Test func pageGoesIntoTheModel() throws {
    let result = try run(model, data)
    #expect(result.status == 0 && result.output.contains("plates"))
    #expect(result.lines.last == "page: \(model)/report/index.html")
    let opened = try ModelFolder.open(model)
    let page = String(decoding: try opened.data(ModelFile.report), as: UTF8.self)
    #expect(page.hasPrefix("<!DOCTYPE html>"))
    #expect(opened.manifest.metrics?["imageAUROC"] == 1)
    #expect(opened.manifest.metrics?["rings.imageAUROC"] == 1)
    // The model still inspects, and a second evaluation replaces the first.
    #expect(try run(model, data, "--categories", "plates").status == 0)
    #expect(try ModelFolder.open(model).manifest.metrics?["rings.imageAUROC"] == nil)
  }

  @Test func pageGoesElsewhereWhenAsked() throws {
    let before = try ModelFolder.open(model).manifest
    let place = folder.path + "/page"
    #expect(try run(model, data, "--report", place).status == 0)
    #expect(FileManager.default.fileExists(atPath: place + "/index.html"))
    #expect(try ModelFolder.open(model).manifest == before)
  }

  @Test func oneCategoryThatIsNotThereIsNamed() throws {
    let result = try run(model, data, "--categories", "plates,bottles")
    #expect(result.status == 3 && result.errors.contains("there is no category 'bottles'"))
    #expect(try run(model, data, "--report", "x", "--no-report").status == 64)
  }

  /// Files that the data set's reader leaves out are missing from the figures like any other.
  @Test(arguments: [
    ("rings/test/good/1.png", [UInt8](), "0 bytes"),
    ("rings/test/dent/1.png", Array("not a picture".utf8), "rings/test/dent/1.png"),
    ("rings/test/dent/1.gif", Array("GIF89a........".utf8), "GIF"),
    ("rings/ground_truth/dent/0.png", TinyModel.mask(), "does not end in _mask"),
    ("rings/test/2.png", TinyModel.picture(red: 30), "lies in test itself"),
  ])
  func unusableTestFilesAreNamed(name: String, bytes: [UInt8], reason: String) throws {
    try folder.write(bytes, to: "data/" + name)
    let result = try run(model, data, "--no-report", "--json")
    #expect(result.status == 2, "\(result)")
    #expect(result.errors.contains("unreadable: \(data)/\(name): "))
    #expect(result.errors.contains(reason))
    let unreadable = try #require(try figures(result)["unreadable"] as? [[String: Any]])
    #expect(unreadable.map { $0["path"] as? String } == ["\(data)/\(name)"])
    // Of a category that is not measured it does not matter.
    #expect(try run(model, data, "--no-report", "--categories", "plates").status == 0)
  }

  @Test func unusableFilesOfOtherKindsDoNotMatter() throws {
    try folder.write("".utf8, to: "data/rings/train/good/1.png")
    try folder.write("".utf8, to: "data/rings/test/good/.DS_Store")
    let result = try run(model, data, "--no-report")
    #expect(result.status == 0 && !result.errors.contains("unreadable"), "\(result)")
  }

  @Test func nothingButUnusableTestPicturesIsAFailure() throws {
    for kind in ["good", "dent"] {
      try folder.write("".utf8, to: "other/plates/test/\(kind)/0.png")
    }
    try folder.write(TinyModel.picture(red: 30), to: "other/plates/train/good/0.png")
    let result = try run(model, folder.path + "/other", "--no-report")
    #expect(result.status == 3 && result.errors.contains("2 files cannot be used"))
    #expect(result.errors.contains("plates/test/dent/0.png"), "\(result)")
  }

  @Test func unreadablePicturesAreNamed() throws {
    try folder.write(TinyModel.picture(red: 30).prefix(300), to: "data/rings/test/good/1.png")
    let result = try run(model, data, "--no-report")
    #expect(result.status == 2 && result.errors.contains("rings/test/good/1.png"))
    #expect(result.output.contains("rings"))
  }
}
