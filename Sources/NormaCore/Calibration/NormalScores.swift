/// One number a held-out normal picture, by category, and the thresholds that follow from it. The
/// number is a picture's score, or the largest value of its anomaly map.
struct NormalScores: Sendable, Equatable {
  let byCategory: [String: [Float]]
  private let rate: Double
  private let pooled: ConformalReference
  private let own: [String: ConformalReference]
  private let scales: CategoryScales?

  /// - Parameter rate: the false-alarm rate of the calibration, which decides, once for thresholds
  ///   and p-values of any rate, whether a category has pictures enough to stand alone.
  /// - Throws: ``CalibrationError/notFinite(what:value:)`` with `what` and the picture's number.
  init(_ byCategory: [String: [Float]], rate: Double, what: String) throws {
    for (category, scores) in byCategory.sorted(by: { $0.key < $1.key }) {
      if let index = scores.firstIndex(where: { !$0.isFinite }) {
        throw CalibrationError.notFinite(
          what: "the \(what) of normal picture \(index) of category '\(category)'",
          value: "\(scores[index])")
      }
    }
    self.byCategory = byCategory
    self.rate = rate
    own = byCategory.filter { !$0.value.isEmpty }.mapValues {
      ConformalReference($0.map(Double.init))
    }
    pooled = ConformalReference(own.values.flatMap(\.scores))
    scales = CategoryScales(byCategory)
  }

  var isEmpty: Bool { pooled.count == 0 }

  /// Which normal scores stand for `category`.
  private func basis(_ category: String?) -> Threshold.Basis {
    guard let category, let scores = own[category] else { return .pooled }
    let alone = own.count == 1 || ConformalReference.supports(rate, pictures: scores.count)
    return alone ? .category : scales == nil ? .pooled : .leaning
  }

  /// The threshold of a category, or of all for `nil` and for a category without scores; `nil` when
  /// there is no score at all.
  func threshold(category: String?, rate: Double, extrapolate: Bool) -> Threshold? {
    let (basis, reference, scale) = reference(category)
    guard let found = reference.threshold(rate: rate, extrapolate: extrapolate) else { return nil }
    return Threshold(
      value: Float(scale?.score(found.value) ?? found.value), rate: found.rate,
      requestedRate: rate, extrapolated: found.extrapolated, pictures: reference.count,
      basis: basis)
  }

  /// The share of normal pictures that score as high, by the same scores as the threshold; 1 when
  /// there are none.
  func pValue(_ score: Float, category: String?) -> Double {
    let (_, reference, scale) = reference(category)
    return reference.pValue(scale?.standardized(Double(score)) ?? Double(score))
  }

  private func reference(
    _ category: String?
  ) -> (Threshold.Basis, ConformalReference, CategoryScales.Scale?) {
    let basis = basis(category)
    switch (basis, category) {
    case (.category, let category?):
      return (basis, own[category] ?? pooled, nil)
    case (.leaning, let category?):
      guard let scales, let scale = scales.scales[category] else { return (.pooled, pooled, nil) }
      return (basis, scales.standardized, scale)
    default:
      return (.pooled, pooled, nil)
    }
  }

  /// The thresholds of all categories that have scores.
  func thresholds(rate: Double, extrapolate: Bool) -> [String: Threshold] {
    Dictionary(
      uniqueKeysWithValues: own.keys.compactMap { name in
        threshold(category: name, rate: rate, extrapolate: extrapolate).map { (name, $0) }
      })
  }
}
