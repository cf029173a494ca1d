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
    let scores = ["a": 30, "b": 12, "c": 1200].mapValues { count in
      (0..<count).map { _ in Float((draws.normal() * 8).rounded()) / 4 + 3 }
    }
    let calibration = try fit(scores, rate: 0.01)
    let bases = calibration.categories.mapValues(\.basis)
    #expect(bases == ["a": .standardized, "b": .standardized, "c": .category])
    for category in [nil, "a", "b", "c"] {
      let threshold = try calibration.threshold(category: category, rate: rate)
      for step in 0..<1000 {
        let score = Float(step) / 128
        // Within rounding of a standardized threshold the two may differ.
        if abs(score - threshold.value) < 1e-5, threshold.basis == .standardized { continue }
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
    var (stated, ownStated, sharedAlarms, ownAlarms, tested) = (0.0, 0.0, 0, 0, 0)
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
        #expect(own.basis == .standardized && own.pictures == 60)
        #expect(own.rate == max(rate, 1.0 / 61))
        ownStated += own.rate / 450
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
    #expect(Double(ownAlarms) / Double(tested) < ownStated + 0.004)
    #expect(Double(ownAlarms) / Double(tested) > ownStated / 4)
  }

  /// What the shared threshold cannot do: every category gets its part of the alarms.
  @Test func everyCategoryHasItsOwnMeasure() throws {
    var draws = Draws(seed: 2)
    var scores: [String: [Float]] = [:]
    for (index, name) in ["low", "middle", "high"].enumerated() {
      scores[name] = (0..<20).map { _ in Float(Double(1 + 4 * index) + 0.3 * draws.normal()) }
    }
    let calibration = try fit(scores)
    let shared = try #require(calibration.shared).value
    let low = try #require(calibration.categories["low"]).value
    let high = try #require(calibration.categories["high"]).value
    #expect(low > 1.4 && low < 3.2)
    #expect(high > 9.3 && high < 14)
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

  /// 1 is the threshold of each category, 0 what is usual for it, whatever its scores' size.
  @Test func levelsMeanTheSameForEveryCategory() throws {
    var draws = Draws(seed: 9)
    let base = (0..<25).map { _ in Float(exp(0.2 * draws.normal())) }
    let calibration = try fit(["small": base, "large": base.map { $0 * 64 }], rate: 0.05)
    for score in [Float(0.5), 1, 1.2, 1.5, 3] {
      let small = try calibration.verdict(path: "a", score: score, category: "small")
      let large = try calibration.verdict(path: "a", score: score * 64, category: "large")
      let (first, second) = try (#require(small.level), #require(large.level))
      #expect(abs(first - second) < 5e-3 * max(1, first), "\(score): \(first), \(second)")
      #expect((first > 1) == small.anomalous && small.falseAlarmRate == 0.05)
    }
    let threshold = try calibration.threshold(category: "large").value
    #expect(try calibration.verdict(path: "a", score: threshold, category: "large").level == 1)
    let above = try calibration.verdict(path: "a", score: threshold.nextUp, category: "large")
    #expect(try #require(above.level) > 1 && above.anomalous == true)
    #expect(try calibration.verdict(path: "a", score: 0, category: "large").level == 0)
    #expect(try calibration.verdict(path: "a", score: 1).level != nil)
    // Nothing varies: on which side it is, is all there is to say.
    let same = try fit(["a": [2, 2, 2]])
    #expect(try same.verdict(path: "a", score: 2).level == 1)
    #expect(try same.verdict(path: "a", score: 2.1).level == 2)
  }

  /// One odd picture among hundreds does not set the threshold of all: PatchCore's seven products lost a
  /// third of their catches by it.
  @Test func oneOddPictureDoesNotDecide() throws {
    var draws = Draws(seed: 12)
    var scores: [String: [Float]] = [:]
    for name in ["a", "b", "c"] {
      scores[name] = (0..<66).map { _ in Float(exp(0.2 * draws.normal())) }
    }
    let plain = try fit(scores).threshold(category: "b").value
    scores["a"]?[0] = 6
    scores["c"]?[0] = 5
    let odd = try fit(scores).threshold(category: "b").value
    #expect(odd < 1.45 * plain, "\(plain), \(odd)")
    #expect(try #require(fit(scores).shared).value >= 5, "the highest scores as they are do")
  }

  /// A model of Norma 0.1 keeps its shared threshold and gets those of categories by today's rule.
  @Test func oldCategoriesAreMeasuredAnew() throws {
    var draws = Draws(seed: 3)
    let new = try fit([
      "a": (0..<30).map { _ in Float(exp(draws.normal())) },
      "b": (0..<30).map { _ in Float(9 * exp(draws.normal())) },
    ])
    var object = try #require(
      try JSONSerialization.jsonObject(with: new.json()) as? [String: Any])
    object["rule"] = nil
    var categories = try #require(object["categories"] as? [String: [String: Any]])
    for name in categories.keys {
      categories[name]?["value"] = 1e6
      categories[name]?["basis"] = "leaning"
    }
    object["categories"] = categories
    let read = try Calibration(json: JSONSerialization.data(withJSONObject: object))
    #expect(read.shared == new.shared && read.categories == new.categories)
  }
}

@Suite struct RecognitionTests {
  private func calibration(_ draws: inout Draws, apart: Double = 8) throws -> Calibration {
    var builder = CategoryFeatures.Builder()
    var held: [(category: String, feature: [Float])] = []
    for number in 0..<1200 {
      let category = number % 3 == 0 ? "bolt" : number % 3 == 1 ? "nut" : "disc"
      let feature = Self.feature(of: category, apart, &draws)
      if number < 600 {
        try builder.add(feature, category: category)
      } else {
        held.append((category, feature))
      }
    }
    let features = try #require(try builder.build())
    let scores: [String: [Float]] = [
      "bolt": (0..<40).map { 1 + Float($0) / 40 }, "nut": (0..<40).map { 4 + Float($0) / 10 },
      "disc": (0..<40).map { 2 + Float($0) / 40 },
    ]
    return try .fit(
      scores: scores, source: .holdout, features: features,
      distances: features.distances(of: held), unknownRate: 0.01)
  }

  private static func feature(_ place: [Double], _ draws: inout Draws) -> [Float] {
    (0..<16).map { Float(place[$0 % place.count] + draws.normal()) }
  }

  private static func feature(of category: String, _ apart: Double, _ draws: inout Draws) -> [Float]
  {
    switch category {
    case "bolt": feature([0, 0], &draws)
    case "nut": feature([apart, 0], &draws)
    default: feature([0, 40], &draws)
    }
  }

  /// About the promised share of new normal pictures, and everything that is like nothing.
  @Test func whatIsLikeNothingIsUnknown() throws {
    var draws = Draws(seed: 21)
    let calibration = try calibration(&draws)
    var unknown = 0
    for number in 0..<3000 {
      let category = ["bolt", "nut", "disc"][number % 3]
      let found = try #require(calibration.recognition(of: Self.feature(of: category, 8, &draws)))
      #expect(found.category == category && found.alike.isEmpty)
      unknown += found.isUnknown == true ? 1 : 0
    }
    // Features have half of the rate: 15. Their tail is lighter than an exponential one, so it is fewer.
    #expect((1...30).contains(unknown), "\(unknown)")
    for place in [[20.0, 20], [0, -9], [400, 400]] {
      let feature = Self.feature(place, &draws)
      #expect(calibration.recognition(of: feature)?.isUnknown == true)
      // It never passes as normal, however low its score.
      let verdict = try calibration.verdict(path: "a", score: 0.1, feature: feature)
      #expect(verdict.unknown == true && verdict.anomalous == true && verdict.regions.isEmpty)
    }
    // Nor does one that is rather far, and shows less than any normal picture: a dark frame. One that is near
    // and scores low is a picture that a bank was made of.
    let features = try #require(calibration.features)
    let mean = try #require(features.means["bolt"])
    func bolt(_ away: Float) -> [Float] {
      zip(mean, features.deviation).map { $0 + away * $1 }
    }
    for (away, score, unknown) in [(1.36, 1.5, false), (1.36, 0.01, true), (1, 0.01, false)] {
      let verdict = try calibration.verdict(
        path: "a", score: Float(score), feature: bolt(Float(away)))
      #expect(verdict.unknown == unknown && verdict.anomalous == unknown)
      #expect(score > 1 || verdict.level == 0)
    }
    #expect(try Calibration(json: calibration.json()) == calibration)
    #expect(calibration.recognition(of: [1]) == nil)
  }

  /// Of two products that look alike the stricter one's threshold decides, and both are named.
  @Test func betweenTwinsTheStricterDecides() throws {
    var draws = Draws(seed: 22)
    let calibration = try calibration(&draws, apart: 0.5)
    let strict = try calibration.threshold(category: "bolt").value
    let feature = Self.feature([0.45, 0], &draws)
    let verdict = try calibration.verdict(path: "a", score: strict * 1.1, feature: feature)
    #expect(verdict.category == "bolt" && verdict.alike == ["nut"] && verdict.anomalous == true)
    #expect(
      try calibration.verdict(path: "a", score: strict * 1.1, category: "nut").anomalous == false)
  }

  /// Models of Norma 0.1 do not know how far their pictures lie, and say so.
  @Test func withoutDistancesNobodyIsUnknown() throws {
    let features = try CategoryFeatures(means: ["a": [0], "b": [9]], deviation: [1])
    let calibration = try Calibration.fit(
      scores: ["a": [1, 2, 3, 4], "b": [1, 2, 3, 5]], source: .holdout, features: features)
    let verdict = try calibration.verdict(path: "p", score: 1, feature: [1e6])
    #expect(verdict.category == "b" && verdict.unknown == nil && verdict.anomalous == false)
    // Nor do those of a handful of pictures: the farthest of five is no limit.
    let few = try Calibration.fit(
      scores: ["a": [1, 2, 3, 4], "b": [1, 2, 3, 5]], source: .holdout, features: features,
      distances: ["a": [1, 2, 1, 2], "b": [1, 2, 3, 2]])
    #expect(few.recognition(of: [1e6])?.isUnknown == nil && !few.tellsUnknown())
    let thirty = try calibration.recalibrated(
      scores: ["a": (0..<30).map { 1 + Float($0) / 30 }],
      pictures: (0..<30).map { (category: "a", feature: [Float($0) / 30]) })
    #expect(!thirty.tellsUnknown() && thirty.recognition(of: [-9])?.isUnknown == nil)
    // A category that alone has new pictures says nothing of how far the others' lie.
    let half = try calibration.recalibrated(
      scores: ["a": (0..<120).map { 1 + Float($0) / 120 }],
      pictures: (0..<120).map { (category: "a", feature: [Float($0) / 120]) })
    #expect(half.tellsUnknown() && half.recognition(of: [-9])?.isUnknown == true)
    let other = try #require(half.recognition(of: [1e6]))
    #expect(other.category == "b" && other.isUnknown == nil)
  }

  /// A picture that had a part in its category's mean lies nearer to it than a new one would.
  @Test func itsPartInTheMeanIsTakenOut() throws {
    var builder = CategoryFeatures.Builder()
    let pictures: [(category: String, feature: [Float])] = [("a", [0]), ("a", [1]), ("a", [5])]
    for picture in pictures { try builder.add(picture.feature, category: "a") }
    let features = try #require(try builder.build())
    let distances = try #require(features.distances(of: pictures, counted: ["a": 3])["a"])
    // 5 against the mean of the two others, ½, in units of the variance 7.
    #expect(abs(distances[2] - 4.5 * 4.5 / 7) < 1e-4)
  }

  @Test func newPicturesRenewTheRecognition() throws {
    var draws = Draws(seed: 23)
    let old = try calibration(&draws)
    let moved = (0..<40).map { _ in (category: "bolt", feature: Self.feature([0, -9], &draws)) }
    #expect(old.recognition(of: moved[0].feature)?.isUnknown == true)
    let new = try old.recalibrated(
      scores: ["bolt": (0..<40).map { 1 + Float($0) / 40 }], pictures: moved)
    #expect(
      new.normalDistances["bolt"]?.count == 40
        && new.normalDistances["nut"] == old.normalDistances["nut"])
    let after = (0..<50).map { _ in Self.feature([0, -9], &draws) }
    #expect(after.count { new.recognition(of: $0)?.isUnknown == true } < 5)
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
    #expect(
      error?.description
        == "unknown category 'botle' (did you mean 'bottle'?); the model knows bottle, plate, tire")
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
    (#""rate" : 0.09090909090909091"#, #""rate" : 5"#, "a threshold's rate is 5"),
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
      "path", "score", "pValue", "threshold", "level", "falseAlarmRate", "category", "anomalous",
      "unknown", "regions",
    ]
    #expect(Set(object.keys) == keys)
    #expect(object["pValue"] is NSNull)
    #expect(try JSONDecoder().decode(Verdict.self, from: json) == verdict)
  }
}
