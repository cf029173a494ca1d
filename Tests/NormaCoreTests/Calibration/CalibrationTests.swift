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
