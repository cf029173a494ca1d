import NormaCore
import Testing

struct ReviewDialTests {
  private func picture(
    _ isAnomalous: Bool, _ score: Float, _ uncertainty: Float
  ) -> ReviewDial.Picture {
    ReviewDial.Picture(
      isAnomalous: isAnomalous, score: score, threshold: 1, uncertainty: uncertainty)
  }

  /// Ten pictures, three of them wrong: the model is least sure of two of these.
  private var pictures: [ReviewDial.Picture] {
    [
      picture(false, 8, 0.5), picture(true, 0.1, 0.45), picture(true, 0.95, 0.1),
      picture(false, 0.9, 0.2), picture(false, 0.2, 0.02), picture(false, 0.1, 0.01),
      picture(false, 0.3, 0.03), picture(true, 9, 0.04), picture(true, 7, 0.05),
      picture(true, 6, 0.06),
    ]
  }

  @Test func theRestHasFewerErrorsWhenTheWrongOnesAreInDoubt() {
    let dial = ReviewDial(pictures, shares: [0, 0.1, 0.2, 0.3, 1])
    #expect(dial.pictures == 10)
    #expect(dial.byUncertainty.map(\.sent) == [0, 1, 2, 3, 10])
    #expect(dial.byUncertainty.map(\.falseAlarms) == [1, 0, 0, 0, 0])
    #expect(dial.byUncertainty.map(\.misses) == [2, 2, 1, 1, 0])
    let rates: [Double] = [0.3, 2.0 / 9.0, 0.125, 1.0 / 7.0, 0]
    #expect(dial.byUncertainty.map(\.errorRate) == rates)
  }

  @Test func byScoreThoseNearestToTheThresholdGoFirst() {
    let dial = ReviewDial(pictures, shares: [0, 0.1, 0.2, 0.3])
    // 0.95, a miss, then 0.9, which was right, then 0.3, which is nearer than 6 in factors.
    #expect(dial.byScore.map(\.misses) == [2, 1, 1, 1])
    #expect(dial.byScore.map(\.falseAlarms) == [1, 1, 1, 1])
    #expect(dial.byScore[0] == dial.byUncertainty[0])
  }

  /// Two models whose uncertainties have nothing in common.
  @Test func eachModelSendsItsOwnShare() {
    let shy = (0..<10).map { picture($0 == 0, 0.5, $0 == 0 ? 0.9 : 0.8) }
    let bold = (0..<10).map { picture($0 == 0, 0.5, $0 == 0 ? 0.2 : 0.1) }
    let dial = ReviewDial(models: [shy, bold], shares: [0, 0.1])
    #expect(dial.pictures == 20)
    #expect(dial.byUncertainty.map(\.sent) == [0, 2])
    #expect(dial.byUncertainty.map(\.misses) == [2, 0], "each sends the one it is least sure of")
    #expect(ReviewDial(shy + bold, shares: [0.1]).byUncertainty[0].misses == 1)
  }

  @Test func aScoreOfZeroIsFarFromEveryThreshold() {
    let dial = ReviewDial([picture(true, 0, 0.1), picture(true, 0.5, 0.1)], shares: [0.5])
    #expect(dial.byScore[0].misses == 1 && dial.byScore[0].sent == 1)
    #expect(ReviewDial([], shares: [0.5]).byScore[0].errorRate == 0)
  }
}
