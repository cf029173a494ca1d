import Foundation
import NormaCore
import Testing

/// How uncertain verdicts are, and which go to a person.
@Suite struct UncertaintyTests {
  /// 99 normal pictures whose suspicions run against their scores: the highest score, the least suspect.
  private let scores = (1...99).map { Float($0) }
  private let suspicions = (1...99).map { 0.5 - Float($0) / 200 }

  private func calibration() throws -> Calibration {
    try .fit(scores: ["a": scores], suspicions: ["a": suspicions], source: .holdout, rate: 0.02)
  }

  @Test func aPerceptionAtItsLimitIsHalf() throws {
    let calibration = try calibration()
    // 5 of the 100 ranks lie above the limit.
    let limit = suspicions.sorted()[94]
    for anomalous in [false, true] {
      let found = try #require(calibration.uncertainty(suspicion: limit, isAnomalous: anomalous))
      #expect(abs(found - 0.5) < 1e-6)
    }
    // Odds of 9 against the limit's, as of a verdict that is normal and as of one that is anomalous.
    let odds = 9 * Double(limit) / (1 - Double(limit))
    let suspect = Float(odds / (1 + odds))
    let normal = try #require(calibration.uncertainty(suspicion: suspect, isAnomalous: false))
    let flagged = try #require(calibration.uncertainty(suspicion: suspect, isAnomalous: true))
    #expect(abs(normal - 0.9) < 1e-4 && abs(flagged - 0.1) < 1e-4)
    for certain in [Float(0), 1] {
      let found = try #require(calibration.uncertainty(suspicion: certain, isAnomalous: true))
      #expect(found.isFinite && (certain == 0) == (found > 0.99))
    }
  }

  @Test func theVerdictSaysHowUncertainItIs() throws {
    let calibration = try calibration()
    let normal = try calibration.verdict(path: "a.png", score: 10, suspicion: 0.9)
    let flagged = try calibration.verdict(path: "a.png", score: 1000, suspicion: 0.9)
    #expect(normal.anomalous == false && flagged.anomalous == true)
    let both = try (#require(normal.uncertainty), #require(flagged.uncertainty))
    #expect(both.0 > 0.5 && abs(both.0 + both.1 - 1) < 1e-6)
    #expect(calibration.uncertainty(suspicion: 0.9, score: 1000) == both.1)
    #expect(try calibration.verdict(path: "a.png", score: 10).uncertainty == nil)
    let plain = try Calibration.fit(scores: ["a": scores], source: .holdout)
    #expect(try plain.verdict(path: "a.png", score: 10, suspicion: 0.9).uncertainty == nil)
    #expect(try !String(decoding: plain.json(), as: UTF8.self).contains("Suspicions"))
    let none = try Calibration.uncalibrated()
    #expect(try none.verdict(path: "a.png", score: 10, suspicion: 0.9).uncertainty == nil)
  }

  /// Those whose level is nearest to 1, whichever side they are on.
  @Test func atMostTheShareOfNormalPicturesGoesToAPerson() throws {
    let calibration = try calibration()
    func doubt(_ score: Float) throws -> Float {
      Calibration.doubt(level: try #require(calibration.verdict(path: "a", score: score).level))
    }
    for share in [0.02, 0.1, 0.5] {
      let limit = try #require(try calibration.reviewThreshold(share: share))
      #expect(abs(limit.rate - share) < 1e-9 && limit.pictures == 99)
      let sent = try scores.count { try doubt($0) > limit.value }
      #expect(sent == Int((share * 100).rounded()) - 1)
    }
    let limit = try #require(try calibration.reviewThreshold(share: 0.02)).value
    let threshold = try calibration.threshold().value
    #expect(try doubt(threshold) == 1 && doubt(threshold.nextUp) > limit)
    #expect(try doubt(1) < limit && doubt(1e6) < limit && doubt(0) == 0)
    for share in [0, 1, -0.1] {
      #expect(throws: CalibrationError.self) { try calibration.reviewThreshold(share: share) }
    }
    #expect(try Calibration.uncalibrated().reviewThreshold(share: 0.1) == nil)
  }

  /// With its own threshold a category has its own limit of suspicion, too.
  @Test func aCategoryHasItsOwnLimit() throws {
    let two = try Calibration.fit(
      scores: ["a": scores, "b": scores],
      suspicions: ["a": suspicions, "b": suspicions.map { $0 / 10 }], source: .holdout)
    let shared = try #require(two.uncertainty(suspicion: 0.1, isAnomalous: false))
    let a = try #require(two.uncertainty(suspicion: 0.1, isAnomalous: false, category: "a"))
    let b = try #require(two.uncertainty(suspicion: 0.1, isAnomalous: false, category: "b"))
    #expect(a < shared && shared < 0.5 && b > 0.5)
  }

  @Test func aFileKeepsThemAndNewPicturesRenewThem() throws {
    let calibration = try calibration()
    #expect(try Calibration(json: calibration.json()) == calibration)
    let two = try Calibration.fit(
      scores: ["a": scores, "b": scores], suspicions: ["a": suspicions, "b": suspicions],
      source: .holdout)
    let renewed = try two.recalibrated(scores: ["b": [0.3]], suspicions: ["b": [0.25]])
    #expect(renewed.normalSuspicions == ["a": suspicions, "b": [0.25]])
    // Pictures that a model without perception scored take the suspicions of their category along.
    #expect(try two.recalibrated(scores: ["b": [0.3]]).normalSuspicions == ["a": suspicions])
  }

  @Test func suspicionsThatCannotBeAreRefused() throws {
    for wrong in [["a": [Float(0.5)]], ["a": suspicions.map { $0 + 1 }], ["b": [0.5]]] {
      #expect(throws: CalibrationError.self) {
        try Calibration.fit(scores: ["a": scores], suspicions: wrong, source: .holdout)
      }
    }
  }
}

@Suite struct RescalingTests {
  private func calibration() throws -> Calibration {
    let scores = (1...40).map { Float($0) / 10 }
    return try .fit(
      scores: ["plates": scores, "rings": scores.map { $0 * 3 }],
      pixelMaxima: ["plates": scores, "rings": scores],
      suspicions: [
        "plates": scores.map { $0 / 4 }, "rings": scores.map { $0 / 10 },
      ], source: .crossFit, rate: 0.05)
  }

  @Test func everyNumberTakesItsCategorysFactor() throws {
    let before = try calibration()
    let after = try before.rescaled(
      ["plates": ScoreFactors(score: 2, peak: 0.5, suspicion: 2)],
      others: ScoreFactors(score: 1.5))
    #expect(after.normalScores["plates"] == before.normalScores["plates"]?.map { $0 * 2 })
    #expect(after.normalScores["rings"] == before.normalScores["rings"]?.map { $0 * 1.5 })
    #expect(after.normalPixelMaxima["plates"] == before.normalPixelMaxima["plates"]?.map { $0 / 2 })
    #expect(after.normalPixelMaxima["rings"] == before.normalPixelMaxima["rings"])
    // A suspicion is 1 at most.
    #expect(
      after.normalSuspicions["plates"] == before.normalSuspicions["plates"]?.map { min(1, $0 * 2) })
    #expect(after.status == before.status && after.falseAlarmRate == before.falseAlarmRate)
  }

  /// The same factor for all moves thresholds with the scores, so that verdicts stay.
  @Test func verdictsStay() throws {
    let before = try calibration()
    let after = try before.rescaled([:], others: ScoreFactors(score: 4, peak: 4))
    for category in ["plates", "rings"] {
      let (old, new) = try (
        before.threshold(category: category), after.threshold(category: category)
      )
      #expect(abs(new.value - 4 * old.value) < 1e-4 * new.value && new.rate == old.rate)
      for score in stride(from: Float(0.05), to: 14, by: 0.37) {
        // Logarithms round.
        let (found, scaled) = (
          before.pValue(score: score, category: category),
          after.pValue(score: 4 * score, category: category)
        )
        #expect(abs(found - scaled) < 1e-9)
      }
    }
    let pixel = try #require(after.pixel?.value)
    #expect(try pixel == 4 * #require(before.pixel?.value))
  }

  @Test func uncalibratedStaysSo() throws {
    let none = try Calibration.uncalibrated()
    #expect(try none.rescaled([:], others: ScoreFactors(score: 2)) == none)
  }
}
