import Foundation
import NormaCore
import Testing

@Suite struct CalibrationUseTests {
  private func features() throws -> CategoryFeatures {
    try CategoryFeatures(
      means: ["bottle": [0, 0], "tire": [10, 1], "plate": [10, 2]], deviation: [5, 0.1])
  }

  private func calibration() throws -> Calibration {
    try .fit(
      scores: ["bottle": [1, 2, 1.1, 0.3, 1.7], "tire": [3, 0.1, 2.2, 2.4, 3.3]],
      pixelMaxima: ["bottle": [2, 3], "tire": [4]], source: .holdout, rate: 0.02,
      features: features(), autoAccuracy: 0.75)
  }

  @Test func verdictIsAnomalousOnlyAboveTheThreshold() throws {
    let calibration = try calibration()
    let at = try calibration.verdict(path: "a.png", score: 3.3)
    #expect(at.anomalous == false && at.threshold == 3.3 && at.pValue == 2.0 / 11)
    let above = try calibration.verdict(path: "a.png", score: 3.31)
    #expect(above.anomalous == true && above.category == nil)
    let own = try calibration.verdict(path: "a.png", score: 3.2, category: "bottle")
    #expect(own.threshold == calibration.categories["bottle"]?.value)
    #expect(own.category == "bottle")
    #expect(throws: CalibrationError.self) {
      try calibration.verdict(path: "a.png", score: .nan)
    }
  }

  @Test func unknownCategoryIsRefusedWithTheKnownOnes() throws {
    let error = #expect(throws: CalibrationError.self) {
      try self.calibration().threshold(category: "botle")
    }
    #expect(error?.description == "unknown category 'botle'; the model knows bottle, plate, tire")
    // Known by its features alone: the shared threshold serves.
    #expect(try calibration().threshold(category: "plate") == calibration().shared)
    #expect(try calibration().threshold(category: "plate", rate: 0.3).basis == .pooled)
  }

  @Test func ratesOutsideTheirRangeAreRefused() throws {
    for rate in [0, 1, -0.1, 2, .nan] {
      #expect(throws: CalibrationError.self) { try self.calibration().threshold(rate: rate) }
      #expect(throws: CalibrationError.self) {
        try Calibration.fit(scores: ["a": [1]], source: .folder, rate: rate)
      }
    }
  }

  @Test func scoresThatAreNotFiniteAreRefused() {
    for bad in [Float.nan, .infinity] {
      let error = #expect(throws: CalibrationError.self) {
        try Calibration.fit(scores: ["a": [1, bad]], source: .folder)
      }
      #expect(error?.description.contains("normal picture 1 of category 'a'") == true)
    }
    #expect(throws: CalibrationError.noPictures) {
      try Calibration.fit(scores: ["a": []], source: .folder)
    }
  }

  @Test func uncalibratedModelScoresWithoutDeciding() throws {
    let calibration = try Calibration.uncalibrated(features: features())
    #expect(calibration.status == .uncalibrated && calibration.shared == nil)
    #expect(throws: CalibrationError.uncalibrated) { try calibration.threshold() }
    let verdict = try calibration.verdict(path: "a.png", score: 5)
    #expect(verdict == Verdict(path: "a.png", score: 5))
    #expect(try Calibration(json: calibration.json()) == calibration)
  }

  @Test func recalibrationKeepsTheFeatures() throws {
    let old = try calibration()
    let new = try old.recalibrated(scores: ["cap": [7, 8, 9]], pixelMaxima: ["cap": [10, 11, 12]])
    #expect(new.status == .calibrated(from: .folder))
    #expect(new.falseAlarmRate == 0.02 && new.features == old.features)
    #expect(new.autoAccuracy == 0.75)
    #expect(new.normalScores["cap"] == [7, 8, 9] && new.normalPixelMaxima["cap"] == [10, 11, 12])
    #expect(new.shared?.value == 9 && new.pixel?.value == 12)
    #expect(try old.recalibrated(scores: ["cap": [1]], rate: 0.5).falseAlarmRate == 0.5)
  }

  @Test func recalibrationKeepsTheCategoriesWithoutNewPictures() throws {
    let old = try calibration()
    let new = try old.recalibrated(scores: ["tire": [7, 8], "plate": []], rate: 0.25)
    #expect(new.normalScores == ["bottle": [1, 2, 1.1, 0.3, 1.7], "tire": [7, 8]])
    // Maxima of the pictures that are gone go with them.
    #expect(new.normalPixelMaxima == ["bottle": [2, 3]])
    #expect(Set(new.categories.keys) == ["bottle", "tire"])
    #expect(new.shared?.pictures == 7 && new.categories["bottle"]?.requestedRate == 0.25)
    #expect(old.keptCategories(renewing: ["tire", "cap"]) == ["bottle"])
    // The same pictures once more change nothing but where the thresholds come from.
    let same = try old.recalibrated(
      scores: ["tire": old.normalScores["tire"] ?? []],
      pixelMaxima: ["tire": old.normalPixelMaxima["tire"] ?? []])
    #expect(same.categories == old.categories && same.pixel == old.pixel)
    #expect(throws: CalibrationError.noPictures) { try old.recalibrated(scores: ["tire": []]) }
  }

  @Test func jsonReturnsTheSameCalibrationAndTheSameBytes() throws {
    let calibration = try calibration()
    let json = try calibration.json()
    let read = try Calibration(json: json)
    #expect(read == calibration)
    #expect(try read.json() == json)
    let object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
    #expect(object["status"] as? String == "holdout")
    let shared = try #require(object["shared"] as? [String: Any])
    #expect(shared["pictures"] as? Int == 10)
    #expect(shared["basis"] as? String == "pooled")
  }

  /// The stored thresholds decide, whatever this version would compute.
  @Test func storedThresholdIsKept() throws {
    let text = String(decoding: try calibration().json(), as: UTF8.self)
    let changed = text.replacingOccurrences(
      of: #""rate" : 0.09090909090909091"#, with: #""rate" : 0.25"#)
    #expect(changed != text)
    #expect(try Calibration(json: Data(changed.utf8)).shared?.rate == 0.25)
  }

  @Test(arguments: [
    (#""status" : "holdout""#, #""status" : "uncalibrated""#, "uncalibrated"),
    (#""status" : "holdout""#, #""status" : "guessed""#, "guessed"),
    (#""falseAlarmRate" : 0.02"#, #""falseAlarmRate" : 0"#, "false-alarm rate"),
    (#""falseAlarmRate" : 0.02"#, #""other" : 0.02"#, "falseAlarmRate"),
    (#""falseAlarmRate" : 0.02"#, #""falseAlarmRate" : "low""#, "falseAlarmRate"),
    ("{", "", "not valid JSON"),
  ])
  func damagedJSONIsRefused(find: String, replacement: String, names: String) throws {
    var text = String(decoding: try calibration().json(), as: UTF8.self)
    let range = try #require(text.range(of: find))
    text.replaceSubrange(range, with: replacement)
    let error = #expect(throws: CalibrationError.self) { try Calibration(json: Data(text.utf8)) }
    #expect(error?.description.contains(names) == true)
  }

  @Test func verdictHasEveryKeyInJSON() throws {
    let region = Region(x: 1, y: 2, width: 3, height: 4, area: 5, peak: 0.5)
    let verdict = Verdict(path: "a.png", score: 1.5, regions: [region])
    let json = try JSONEncoder().encode(verdict)
    let object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
    let keys: Set = [
      "path", "score", "pValue", "threshold", "category", "anomalous", "regions",
    ]
    #expect(Set(object.keys) == keys)
    #expect(object["pValue"] is NSNull)
    #expect(try JSONDecoder().decode(Verdict.self, from: json) == verdict)
  }
}
