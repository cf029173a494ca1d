import Foundation
import NormaCore
import Testing

@Suite struct CalibrationTests {
  private static let ten: [Float] = [3, 1, 2, 10, 4, 5, 9, 6, 8, 7]

  private func fit(
    _ scores: [String: [Float]], rate: Double = 0.01, extrapolate: Bool = false
  ) throws -> Calibration {
    try .fit(scores: scores, source: .holdout, rate: rate, extrapolate: extrapolate)
  }

  @Test func tooFewPicturesGiveTheLargestScoreAndItsRate() throws {
    let calibration = try fit(["bottle": Self.ten])
    let expected = Threshold(
      value: 10, rate: 1.0 / 11, requestedRate: 0.01, extrapolated: false, pictures: 10,
      basis: .pooled)
    #expect(calibration.shared == expected)
    #expect(calibration.categories["bottle"]?.value == 10)
    #expect(calibration.categories["bottle"]?.basis == .category)
  }

  /// ⌈(1 − r)(n + 1)⌉-th smallest, at rates where n + 1 times the rate is and is not whole.
  @Test(arguments: [(0.1, 90.0, 0.1), (0.25, 75, 0.25), (0.29, 71, 0.29), (0.0149, 99, 0.01)])
  func enoughPicturesGiveTheConformalQuantile(rate: Double, value: Double, stated: Double) throws {
    let scores = (1...99).map(Float.init)
    let shared = try #require(try fit(["one": scores.reversed()], rate: rate).shared)
    #expect(shared.value == Float(value))
    #expect(abs(shared.rate - stated) < 1e-12)
    #expect(shared.rate <= rate)
    #expect(try fit(["one": scores]).threshold(rate: rate).value == Float(value))
  }

  @Test func pValueIsTheShareOfNormalPicturesThatScoreAsHigh() throws {
    let calibration = try fit(["one": Self.ten])
    #expect(calibration.pValue(score: 0) == 1)
    #expect(calibration.pValue(score: 10) == 2.0 / 11)
    #expect(calibration.pValue(score: 10.5) == 1.0 / 11)
    #expect(calibration.pValue(score: 5, category: "one") == 7.0 / 11)
    #expect(calibration.pValue(score: 5, category: "no such") == 7.0 / 11)
  }

  /// Ties included, anomalous is where p ≤ the stated rate, for every basis and rate.
  @Test(arguments: [0.005, 0.02, 0.1, 0.4])
  func thresholdAndPValueAgree(rate: Double) throws {
    var draws = Draws(seed: 4)
    let scores = ["a": 30, "b": 12, "c": 120].mapValues { count in
      (0..<count).map { _ in Float((draws.normal() * 8).rounded()) / 4 + 3 }
    }
    let calibration = try fit(scores, rate: 0.01)
    let bases = calibration.categories.mapValues(\.basis)
    #expect(bases == ["a": .leaning, "b": .leaning, "c": .category])
    for category in [nil, "a", "b", "c"] {
      let threshold = try calibration.threshold(category: category, rate: rate)
      for step in 0..<1000 {
        let score = Float(step) / 128
        // Within rounding of a leaning threshold the two may differ.
        if abs(score - threshold.value) < 1e-5, threshold.basis == .leaning { continue }
        let pValue = calibration.pValue(score: score, category: category)
        #expect((score > threshold.value) == (pValue <= threshold.rate + 1e-12))
      }
    }
  }

  /// New normal pictures alarm at no more than the stated rate, on average over calibrations, both
  /// where categories are alike and where they lie and spread apart.
  @Test(arguments: [(0.0, 1.0), (3.0, 1.8)], [0.01, 0.03])
  func statedRatesHold(apart: (Double, Double), rate: Double) throws {
    var draws = Draws(seed: 17)
    var (stated, sharedAlarms, ownAlarms, tested) = (0.0, 0, 0, 0)
    for _ in 0..<150 {
      var scores: [String: [Float]] = [:]
      func draw(_ category: Int) -> Float {
        Float(apart.0 * Double(category) + pow(apart.1, Double(category)) * draws.normal())
      }
      for category in 0..<3 { scores["\(category)"] = (0..<20).map { _ in draw(category) } }
      let calibration = try fit(scores, rate: rate)
      let shared = try #require(calibration.shared)
      stated += shared.rate / 150
      for category in 0..<3 {
        let own = try #require(calibration.categories["\(category)"])
        #expect(own.basis == .leaning && own.rate == shared.rate && own.pictures == 60)
        for _ in 0..<100 {
          let score = draw(category)
          sharedAlarms += score > shared.value ? 1 : 0
          ownAlarms += score > own.value ? 1 : 0
          tested += 1
        }
      }
    }
    // 45,000 draws: the standard error of either share, calibrations included, is below 0.15 %.
    #expect(Double(sharedAlarms) / Double(tested) < stated + 0.004)
    #expect(Double(ownAlarms) / Double(tested) < stated + 0.004)
    #expect(Double(ownAlarms) / Double(tested) > stated / 4)
  }

  /// What the shared threshold cannot do: every category gets its part of the alarms.
  @Test func leaningFollowsTheCategory() throws {
    var draws = Draws(seed: 2)
    var scores: [String: [Float]] = [:]
    for (index, name) in ["low", "middle", "high"].enumerated() {
      scores[name] = (0..<20).map { _ in Float(Double(1 + 4 * index) + 0.3 * draws.normal()) }
    }
    let calibration = try fit(scores)
    let shared = try #require(calibration.shared).value
    let low = try #require(calibration.categories["low"]).value
    let high = try #require(calibration.categories["high"]).value
    #expect(low > 1.5 && low < 2.5)
    #expect(high > 9.3 && high < 10.5)
    #expect(shared > 9 && shared == scores["high"]?.max())
  }

  @Test func categoriesTooSmallToKnowTheirSpreadTakeTheSharedThreshold() throws {
    let calibration = try fit(["a": [1, 2], "b": [5], "c": [3]])
    #expect(calibration.categories["b"] == calibration.shared)
    #expect(calibration.shared?.value == 5)
  }

  @Test func equalScoresGiveThatScore() throws {
    let same = Array(repeating: Float(2), count: 10)
    let calibration = try fit(["a": same, "b": same])
    #expect(calibration.shared?.value == 2)
    #expect(abs(try #require(calibration.categories["a"]).value - 2) < 1e-4)
    #expect(calibration.pValue(score: 3, category: "a") == 1.0 / 21)
  }

  @Test func extrapolatedTailIsLabelledAndBeyondTheScores() throws {
    var draws = Draws(seed: 6)
    let scores = (0..<60).map { _ in Float(-log(Double.random(in: 0x1p-53..<1, using: &draws))) }
    let plain = try #require(try fit(["a": scores], rate: 0.001).shared)
    let further = try #require(try fit(["a": scores], rate: 0.001, extrapolate: true).shared)
    #expect(!plain.extrapolated && plain.rate == 1.0 / 61 && plain.value == scores.max())
    #expect(further.extrapolated && further.rate == 0.001)
    #expect(further.value > plain.value)
    // The true quantile of this tail is ln 1000 = 6.9.
    #expect(further.value > 4.5 && further.value < 10)
    let supported = try fit(["a": scores], rate: 0.05, extrapolate: true)
    #expect(supported.shared?.extrapolated == false)
    let few = try fit(["a": Array(scores.prefix(10))], rate: 0.001, extrapolate: true)
    #expect(few.shared?.extrapolated == false)
  }

  @Test func pixelThresholdsComeFromTheLargestValues() throws {
    let calibration = try Calibration.fit(
      scores: ["a": Self.ten], pixelMaxima: ["a": Self.ten.map { $0 + 100 }], source: .crossFit,
      pixelRate: 0.2)
    #expect(try calibration.pixelThreshold()?.value == 109)
    #expect(try calibration.pixelThreshold(category: "a")?.value == 109)
    #expect(try calibration.pixelThreshold(rate: 0.01)?.value == 110)
    #expect(calibration.shared?.value == 10)
    #expect(try fit(["a": Self.ten]).pixelThreshold() == nil)
  }
}

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
