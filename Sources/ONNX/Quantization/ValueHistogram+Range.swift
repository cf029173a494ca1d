extension ValueHistogram {
  /// Which values 8-bit integers cover; what lies outside becomes the nearest end.
  public enum Cover: Sendable, Hashable {
    /// All that occur.
    case extremes
    /// As many as make the mean squared error smallest: a few rare values that would widen every
    /// step are cut off where that costs less than the wider steps.
    case leastSquares
  }

  /// The quantisation of these values: 256 steps from the smallest to the largest that is covered.
  public func quantization(_ cover: Cover) -> AffineQuantization {
    guard let extremes else { return AffineQuantization(covering: 0...0) }
    let (low, high) = (min(extremes.lowerBound, 0), max(extremes.upperBound, 0))
    let whole = AffineQuantization(covering: low...high)
    guard cover == .leastSquares else { return whole }
    let values = occupied
    var best = (quantization: whole, error: squaredError(whole, values))
    // One end after the other, then the first again: the best of one hardly depends on the other.
    var (chosenLow, chosenHigh) = (low, high)
    for end in [true, false, true] {
      for share in Self.shares {
        let range = end ? chosenLow...(high * share) : (low * share)...chosenHigh
        let candidate = AffineQuantization(covering: range)
        let error = squaredError(candidate, values)
        guard error < best.error else { continue }
        best = (candidate, error)
        if end { chosenHigh = high * share } else { chosenLow = low * share }
      }
    }
    return best.quantization
  }

  /// What of an end is tried.
  private static let shares = (10..<50).map { Float($0) / 50 }

  /// Σ (x − x̂)² over all values.
  private func squaredError(
    _ quantization: AffineQuantization, _ values: [(value: Float, count: Int)]
  ) -> Double {
    values.reduce(0) { sum, bin in
      let difference = Double(bin.value - quantization.rounded(bin.value))
      return sum + difference * difference * Double(bin.count)
    }
  }
}
