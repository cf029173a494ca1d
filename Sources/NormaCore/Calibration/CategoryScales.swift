import Foundation

/// What scores are compared by: their logarithms, which make a category's spread a matter of shares of
/// what is usual for it; themselves where one is not positive.
struct ScoreMeasure: Sendable, Equatable {
  let isLogarithmic: Bool

  init(_ scores: [Double]) { isLogarithmic = scores.allSatisfy { $0 > 0 } }

  /// A score that has no logarithm is taken for the smallest number there is.
  func callAsFunction(_ score: Double) -> Double {
    isLogarithmic ? log(max(score, Double(Float.leastNormalMagnitude))) : score
  }

  func score(_ measured: Double) -> Double { isLogarithmic ? exp(measured) : measured }

  func mean(_ scores: [Double]) -> Double {
    scores.isEmpty ? 0 : scores.reduce(0) { $0 + self($1) } / Double(scores.count)
  }
}

/// Where each category's normal scores lie and how far they spread, estimated from few pictures with
/// help from the other categories.
///
/// x is a score's logarithm (``ScoreMeasure``). Category c has n_c of them with mean m_c and sum of squared
/// deviations Q_c; all N together have the mean m. The variances within and between categories are
/// (H. Bühlmann and E. Straub, "Glaubwürdigkeit für Schadensätze", 1970):
///
///     v = Σ Q_c / Σ (n_c − 1)
///     a = max(0, (Σ n_c (m_c − m)² − (C − 1) v) / (N − Σ n_c² / N))
///
/// and a *new* picture of the category is expected at μ_c with the variance σ_c², which lean on the pool
/// with the credibility weight w_c = n_c / (n_c + v / a) and with κ = 10 pictures' worth of spread (the
/// moderated variance of G. Smyth, 2004, with its weight fixed: there are too few categories to estimate
/// it):
///
///     μ_c  = w_c m_c + (1 − w_c) m
///     σ_c² = (Q_c + κ v) / (n_c − 1 + κ) · (1 + 1 / (n_c + v / a))
///
/// Categories that score alike (a = 0) thus share one location, categories that lie far apart keep
/// their own, and a category of two pictures borrows its spread and is allowed for not knowing better
/// where it lies.
///
/// Every score is then standardized as a new picture of its category would be, z_i = (x_i − μ) / σ
/// with μ and σ estimated without picture i: a score that had a part in its own scale would look
/// smaller than a new one. The z of all categories form one pool of N, and the threshold of
/// category c is μ_c + σ_c z*, z* being the threshold of that pool, its far end smoothed
/// (``TailExtrapolation``). Logarithms, the arithmetic pool, κ and the smoothing were chosen on scores of RAS
/// and PatchCore on seven products; docs/thresholds.md has what they do there and elsewhere.
struct CategoryScales: Sendable, Equatable {
  struct Scale: Sendable, Equatable {
    /// In the measure, as `deviation` is.
    var location: Double
    var deviation: Double
    var measure: ScoreMeasure

    func standardized(_ score: Double) -> Double { (measure(score) - location) / deviation }
    func score(_ standardized: Double) -> Double {
      measure.score(location + deviation * standardized)
    }
  }

  /// By category, from all of its scores.
  let scales: [String: Scale]
  /// Every score relative to its category, estimated without it.
  let standardized: ConformalReference

  /// κ: how many pictures' worth of trust the pooled spread has.
  static let pooledSpreadPictures = 10.0
  /// Below this many degrees of freedom not even the pooled spread is known.
  static let fewestDegrees = 5

  /// `nil` when there are fewer than two categories or too few pictures to know any spread.
  init?(_ scores: [String: [Float]]) {
    let names = scores.filter { !$0.value.isEmpty }.keys.sorted()
    let measure = ScoreMeasure(names.flatMap { (scores[$0] ?? []).map(Double.init) })
    let values = names.map { (scores[$0] ?? []).map { measure(Double($0)) } }
    var moments = values.map(Moments.init)
    guard names.count >= 2, let pool = Pool(moments),
      pool.degrees - 1 >= Self.fewestDegrees
    else { return nil }
    scales = Dictionary(
      uniqueKeysWithValues: zip(names, moments.map { pool.scale($0, measure) }))

    var all: [Double] = []
    for category in values.indices {
      let whole = moments[category]
      for value in values[category] {
        moments[category] = whole.removing(value)
        guard let others = Pool(moments) else { return nil }
        let scale = others.scale(moments[category], measure)
        all.append((value - scale.location) / scale.deviation)
      }
      moments[category] = whole
    }
    standardized = ConformalReference(all)
  }
}

extension CategoryScales {
  /// Count, mean and sum of squared deviations.
  struct Moments {
    var count: Double
    var mean: Double
    var squares: Double

    init(_ values: [Double]) {
      count = Double(values.count)
      let mean = values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
      self.mean = mean
      squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }

    func removing(_ value: Double) -> Moments {
      var rest = self
      rest.count -= 1
      guard rest.count > 0 else { return Moments([]) }
      rest.mean = (count * mean - value) / rest.count
      rest.squares = max(0, squares - (value - mean) * (value - rest.mean))
      return rest
    }
  }

  /// What all categories say together.
  struct Pool {
    let mean: Double
    let within: Double
    let between: Double
    let degrees: Int

    /// `nil` when no category has two scores.
    init?(_ moments: [Moments]) {
      let present = moments.filter { $0.count > 0 }
      let count = present.reduce(0) { $0 + $1.count }
      let freedom = present.reduce(0) { $0 + $1.count - 1 }
      guard freedom >= 1 else { return nil }
      degrees = Int(freedom)
      let mean = present.reduce(0) { $0 + $1.count * $1.mean } / count
      self.mean = mean
      within = present.reduce(0) { $0 + $1.squares } / freedom
      let spread = present.reduce(0) { $0 + $1.count * ($1.mean - mean) * ($1.mean - mean) }
      let unevenness = count - present.reduce(0) { $0 + $1.count * $1.count } / count
      let excess = spread - Double(present.count - 1) * within
      between = unevenness > 0 ? max(0, excess / unevenness) : 0
    }

    func scale(_ category: Moments, _ measure: ScoreMeasure) -> Scale {
      let credible = category.count * between
      let weight = credible > 0 ? credible / (credible + within) : 0
      let freedom = max(0, category.count - 1)
      let kappa = CategoryScales.pooledSpreadPictures
      let spread = (category.squares + kappa * within) / (freedom + kappa)
      let doubt = between > 0 && within > 0 ? 1 / (category.count + within / between) : 0
      let location = weight * category.mean + (1 - weight) * mean
      // Scores that are all equal must not divide by zero.
      let least = max(abs(location) * 1e-6, Double(Float.leastNormalMagnitude))
      return Scale(
        location: location, deviation: max((spread * (1 + doubt)).squareRoot(), least),
        measure: measure)
    }
  }
}
