import Foundation

/// Scores of normal pictures that the network was not trained on, against which new scores are
/// ranked.
///
/// Source: V. Vovk, A. Gammerman, G. Shafer, "Algorithmic Learning in a Random World" (2005); for
/// outliers, S. Bates et al., "Testing for outliers with conformal p-values", Annals of Statistics 51
/// (2023), eq. 2. The one assumption is that new normal pictures are exchangeable with these.
struct ConformalReference: Sendable, Equatable {
  /// Ascending.
  let scores: [Double]

  init(_ scores: some Sequence<Double>) { self.scores = scores.sorted() }

  var count: Int { scores.count }

  /// (1 + #{normal ≥ score}) / (n + 1): a normal picture's value is at most p with probability at
  /// most p.
  func pValue(_ score: Double) -> Double {
    Double(1 + count - firstIndex(atLeast: score)) / Double(count + 1)
  }

  /// Whether n pictures can support a false-alarm rate: r ≥ 1 / (n + 1).
  static func supports(_ rate: Double, pictures: Int) -> Bool {
    alarms(rate, pictures) >= 1
  }

  /// The threshold for the false-alarm rate r, or `nil` when there is no score.
  ///
  /// With k = ⌈(1 − r)(n + 1)⌉ it is the k-th smallest score, and a new normal score is above it with
  /// probability at most 1 − k / (n + 1). Where k > n (r < 1 / (n + 1)) it is the largest score, at
  /// the rate 1 / (n + 1), unless the tail is to be extrapolated (``TailExtrapolation``).
  func threshold(
    rate: Double, extrapolate: Bool
  ) -> (value: Double, rate: Double, extrapolated: Bool)? {
    guard let largest = scores.last else { return nil }
    let alarms = Self.alarms(rate, count)
    if alarms >= 1 {
      // At a rate near 1 every score may alarm: the smallest is the lowest threshold there is.
      let rank = max(1, count + 1 - alarms)
      return (scores[rank - 1], Double(count + 1 - rank) / Double(count + 1), false)
    }
    if extrapolate, let value = TailExtrapolation.threshold(scores, rate: rate) {
      return (value, rate, true)
    }
    return (largest, 1 / Double(count + 1), false)
  }

  /// ⌊r (n + 1)⌋ = n + 1 − k: how many of the n + 1 ranks may alarm. The nudge keeps rates such as
  /// 0.29 · 100, which comes out below 29, from losing one.
  private static func alarms(_ rate: Double, _ pictures: Int) -> Int {
    Int((rate * Double(pictures + 1) * (1 + 1e-12)).rounded(.down))
  }

  private func firstIndex(atLeast score: Double) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if scores[middle] < score { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
