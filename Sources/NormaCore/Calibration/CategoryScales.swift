import Foundation

/// Where each category's normal scores lie and how far they spread, estimated from few pictures with
/// help from the other categories.
///
/// Category c has n_c scores with mean m_c and sum of squared deviations Q_c; all N scores together
/// have the mean m. The variances within and between categories are (H. Bühlmann and E. Straub,
/// "Glaubwürdigkeit für Schadensätze", 1970):
///
///     v = Σ Q_c / Σ (n_c − 1)
///     a = max(0, (Σ n_c (m_c − m)² − (C − 1) v) / (N − Σ n_c² / N))
///
/// and the estimates lean on the pool with the credibility weight w_c = n_c / (n_c + v / a):
///
///     location μ_c = w_c m_c + (1 − w_c) m
///     scale    σ_c² = (Q_c + κ g) / (n_c − 1 + κ),   κ = 3
///     typical  ln g = Σ (n_c − 1) ln(Q_c / (n_c − 1)) / Σ (n_c − 1)
///
/// Categories that score alike (a = 0) thus share one location, categories that lie far apart keep
/// their own, and a category of two pictures borrows its spread. κ pseudo-pictures for the scale are
/// the moderated variance of G. Smyth (2004) with its weight fixed: there are too few categories to
/// estimate it. g is a geometric mean, for an arithmetic one (v) would be the widest category's and
/// take away the alarms of all the others.
///
/// Every score is then standardized as a *new* picture of its category would be, z_i = (s_i − μ) / σ
/// with μ and σ estimated without picture i: a score that had a part in its own scale would look
/// smaller than a new one. The z of all categories form one pool of N scores, and the threshold of
/// category c is μ_c + σ_c z*, z* being the conformal threshold of that pool.
struct CategoryScales: Sendable, Equatable {
  struct Scale: Sendable, Equatable {
    var location: Double
    var deviation: Double

    func standardized(_ score: Double) -> Double { (score - location) / deviation }
    func score(_ standardized: Double) -> Double { location + deviation * standardized }
  }

  /// By category, from all of its scores.
  let scales: [String: Scale]
  /// Every score relative to its category, estimated without it.
  let standardized: ConformalReference

  /// κ: how many pictures' worth of trust the pooled spread has.
  static let pooledSpreadPictures = 3.0
  /// Below this many degrees of freedom not even the pooled spread is known.
  static let fewestDegrees = 5

  /// `nil` when there are fewer than two categories or too few pictures to know any spread.
  init?(_ scores: [String: [Float]]) {
    let names = scores.filter { !$0.value.isEmpty }.keys.sorted()
    let values = names.map { (scores[$0] ?? []).map(Double.init) }
    var moments = values.map(Moments.init)
    guard names.count >= 2, let pool = Pool(moments),
      pool.degrees - 1 >= Self.fewestDegrees
    else { return nil }
    scales = Dictionary(uniqueKeysWithValues: zip(names, moments.map(pool.scale)))

    var all: [Double] = []
    for category in values.indices {
      let whole = moments[category]
      for score in values[category] {
        moments[category] = whole.removing(score)
        guard let others = Pool(moments) else { return nil }
        all.append(others.scale(moments[category]).standardized(score))
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
    let typical: Double
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
      let varying = present.filter { $0.squares > 0 && $0.count > 1 }
      let logarithms = varying.reduce(0) {
        $0 + ($1.count - 1) * log($1.squares / ($1.count - 1))
      }
      let varyingFreedom = varying.reduce(0) { $0 + $1.count - 1 }
      typical = varyingFreedom > 0 ? exp(logarithms / varyingFreedom) : 0
      let spread = present.reduce(0) { $0 + $1.count * ($1.mean - mean) * ($1.mean - mean) }
      let unevenness = count - present.reduce(0) { $0 + $1.count * $1.count } / count
      let excess = spread - Double(present.count - 1) * within
      between = unevenness > 0 ? max(0, excess / unevenness) : 0
    }

    func scale(_ category: Moments) -> Scale {
      let credible = category.count * between
      let weight = credible > 0 ? credible / (credible + within) : 0
      let freedom = max(0, category.count - 1)
      let kappa = CategoryScales.pooledSpreadPictures
      let variance = (category.squares + kappa * typical) / (freedom + kappa)
      let location = weight * category.mean + (1 - weight) * mean
      // Scores that are all equal must not divide by zero.
      let least = max(abs(location) * 1e-6, Double(Float.leastNormalMagnitude))
      return Scale(location: location, deviation: max(variance.squareRoot(), least))
    }
  }
}
