import NormaCore
import Testing

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
        #expect(
          before.pValue(score: score, category: category)
            == after.pValue(score: 4 * score, category: category))
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
