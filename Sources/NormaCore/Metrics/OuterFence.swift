/// Where numbers are far out in the sense of J. Tukey, "Exploratory Data Analysis" (1977): beyond Q₃ + 3 (Q₃ − Q₁)
/// with their quartiles Q₁ and Q₃, which outliers do not move as long as they are fewer than a quarter. Of
/// normally distributed numbers one in a million is far out, of exponentially distributed ones one in a hundred.
public enum OuterFence {
  /// The number above which others are far out; nil where most are alike to the last bit, and any other would
  /// be, and without numbers.
  public static func above(_ values: [Double]) -> Double? {
    let sorted = values.sorted()
    let (first, third) = (quantile(0.25, of: sorted), quantile(0.75, of: sorted))
    guard third - first > 1e-6 * max(1, abs(third)) else { return nil }
    return third + 3 * (third - first)
  }

  /// Between the two values beside it, in proportion.
  public static func quantile(_ share: Double, of sorted: [Double]) -> Double {
    guard let last = sorted.indices.last else { return 0 }
    let place = share * Double(last)
    let below = Int(place)
    let above = min(last, below + 1)
    return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
  }
}
