/// Normal pictures as a trained detector sees them.
public struct NormalPictures {
  public struct Picture {
    public var category: String
    public var score: Float
    /// The largest value of its anomaly map.
    public var peak: Float
    /// Each channel's mean over the picture, `[channels]`.
    public var feature: [Float]
    /// How anomalous it is to the model's perception; nil for a model without one.
    public var suspicion: Float?

    public init(
      category: String, score: Float, peak: Float, feature: [Float], suspicion: Float?
    ) {
      self.category = category
      self.score = score
      self.peak = peak
      self.feature = feature
      self.suspicion = suspicion
    }
  }
  private let found: [Picture]

  public init(_ found: [Picture]) { self.found = found }

  public var scores: [String: [Float]] { grouped(found.map(\.score)) }
  public var peaks: [String: [Float]] { grouped(found.map(\.peak)) }
  /// Empty for a model without a perception.
  public var suspicions: [String: [Float]] { suspicions(scaledBy: found.map { _ in 1 }) }
  public var features: [(category: String, feature: [Float])] {
    found.map { ($0.category, $0.feature) }
  }

  func scores(scaledBy gaps: [Double]) -> [String: [Float]] {
    grouped(zip(found, gaps).map { Float(Double($0.score) * $1) })
  }

  func peaks(scaledBy gaps: [Double]) -> [String: [Float]] {
    grouped(zip(found, gaps).map { Float(Double($0.peak) * $1) })
  }

  /// None is above 1, however far it is stretched.
  func suspicions(scaledBy gaps: [Double]) -> [String: [Float]] {
    Dictionary(grouping: zip(found, gaps).filter { $0.0.suspicion != nil }, by: \.0.category)
      .mapValues { pairs in
        pairs.compactMap { found, gap in
          found.suspicion.map { min(1, Float(Double($0) * gap)) }
        }
      }
  }

  private func grouped(_ values: [Float]) -> [String: [Float]] {
    Dictionary(grouping: zip(found, values), by: \.0.category).mapValues { $0.map(\.1) }
  }
}
