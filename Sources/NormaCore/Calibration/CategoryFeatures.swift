/// What tells the categories apart: each one's mean trunk feature, and how far pictures of one
/// category spread about it.
public struct CategoryFeatures: Codable, Sendable, Equatable {
  /// Mean trunk feature by category, `[channels]`.
  public let means: [String: [Float]]
  /// Standard deviation within categories, `[channels]`; 0 marks a channel that tells nothing.
  public let deviation: [Float]

  /// - Throws: ``CalibrationError`` when lengths differ or a number is not finite.
  public init(means: [String: [Float]], deviation: [Float]) throws {
    for (category, mean) in means.sorted(by: { $0.key < $1.key }) {
      guard mean.count == deviation.count else {
        throw CalibrationError.featureLength(
          category: category, found: mean.count, expected: deviation.count)
      }
      if let value = mean.first(where: { !$0.isFinite }) {
        throw CalibrationError.notFinite(
          what: "the mean feature of category '\(category)'", value: "\(value)")
      }
    }
    if let value = deviation.first(where: { !$0.isFinite || $0 < 0 }) {
      throw CalibrationError.notFinite(what: "a deviation of the features", value: "\(value)")
    }
    self.means = means
    self.deviation = deviation
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    try self.init(
      means: container.decode([String: [Float]].self, forKey: .means),
      deviation: container.decode([Float].self, forKey: .deviation))
  }

  /// How far `feature`, `[channels]`, lies from each category's mean: the mean over channels of the squared
  /// difference in units of the channel's deviation, nearest first, of equally near ones the first by name.
  /// The nearest is the maximum-likelihood class under one diagonal Gaussian spread for all. Empty for a
  /// feature of another length or not finite.
  public func distances(of feature: [Float]) -> [(category: String, distance: Double)] {
    guard feature.count == deviation.count, feature.allSatisfy(\.isFinite) else { return [] }
    let telling = feature.indices.filter { deviation[$0] > 0 }
    return means.sorted { $0.key < $1.key }.map { name, mean in
      let sum = telling.reduce(0.0) { sum, channel in
        let away = (Double(feature[channel]) - Double(mean[channel])) / Double(deviation[channel])
        return sum + away * away
      }
      return (name, sum / Double(max(1, telling.count)))
    }.sorted { $0.distance < $1.distance }
  }

  /// The category whose mean is nearest to `feature`; `nil` where ``distances(of:)`` is empty.
  public func nearest(_ feature: [Float]) -> String? { distances(of: feature).first?.category }

  /// How far normal pictures lie from their own category's mean.
  /// - Parameter counted: how many pictures of each category, these among them, its mean was built from;
  ///   nil when none of these was. A picture's part in the mean is taken out again: it would lie nearer than
  ///   a new one.
  public func distances(
    of pictures: [(category: String, feature: [Float])], counted: [String: Int]? = nil
  ) -> [String: [Float]] {
    var found: [String: [Float]] = [:]
    for picture in pictures {
      guard
        let own = distances(of: picture.feature).first(where: { $0.category == picture.category })
      else { continue }
      let count = Double(counted?[picture.category] ?? 0)
      let stretch = count > 1 ? count / (count - 1) : 1
      found[picture.category, default: []].append(Float(own.distance * stretch * stretch))
    }
    return found
  }

  /// The share of pictures whose nearest category is their own; `nil` without pictures.
  public func accuracy(of pictures: [(category: String, feature: [Float])]) -> Double? {
    guard !pictures.isEmpty else { return nil }
    let right = pictures.count { nearest($0.feature) == $0.category }
    return Double(right) / Double(pictures.count)
  }
}

extension CategoryFeatures {
  /// Gathers features picture by picture (B. Welford's recurrence, 1962).
  public struct Builder: Sendable {
    private struct Moments: Sendable {
      var count = 0.0
      var mean: [Double]
      var squares: [Double]

      init(channels: Int) {
        mean = Array(repeating: 0, count: channels)
        squares = mean
      }

      mutating func add(_ feature: some Sequence<Double>) {
        count += 1
        for (channel, value) in feature.enumerated() {
          let away = value - mean[channel]
          mean[channel] += away / count
          squares[channel] += away * (value - mean[channel])
        }
      }
    }

    private var categories: [String: Moments] = [:]
    private var all: Moments?

    public init() {}

    /// Adds one normal picture's mean trunk feature, `[channels]`.
    ///
    /// - Throws: ``CalibrationError`` for another number of channels than before, or for NaN.
    public mutating func add(_ feature: [Float], category: String) throws {
      let channels = all?.mean.count ?? feature.count
      guard feature.count == channels else {
        throw CalibrationError.featureLength(
          category: category, found: feature.count, expected: channels)
      }
      if let value = feature.first(where: { !$0.isFinite }) {
        throw CalibrationError.notFinite(
          what: "a trunk feature of category '\(category)'", value: "\(value)")
      }
      let values = feature.map(Double.init)
      all = all ?? Moments(channels: channels)
      all?.add(values)
      categories[category, default: Moments(channels: channels)].add(values)
    }

    /// The means, and the spread within categories; `nil` before the first picture. A channel that
    /// does not vary within any category takes its spread over all pictures.
    public func build() throws -> CategoryFeatures? {
      guard let all else { return nil }
      let freedom = max(1, all.count - Double(categories.count))
      let variance = all.mean.indices.map { channel in
        let within = categories.values.reduce(0) { $0 + $1.squares[channel] } / freedom
        return within > 0 ? within : all.squares[channel] / all.count
      }
      // A channel that hardly varies must not outvote all the others.
      let least = 1e-6 * variance.reduce(0, +) / Double(max(1, variance.count))
      return try CategoryFeatures(
        means: categories.mapValues { $0.mean.map { Float($0) } },
        deviation: variance.map { $0 > 0 ? Float(max($0, least).squareRoot()) : 0 })
    }
  }
}
