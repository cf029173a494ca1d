/// What is learnt of an activation from normal pictures, and the quantisation that follows from it.
public struct ActivationStatistics: Sendable {
  // One of the two is there.
  private var histogram: ValueHistogram?
  private var extremes: ChannelExtremes?
  private var places = 0

  /// - Parameter isPerChannel: whether each channel has a scale of its own.
  init(isPerChannel: Bool) {
    if isPerChannel { extremes = ChannelExtremes() } else { histogram = ValueHistogram() }
  }

  /// - Parameter shape: a feature map `[batch, channels, height, width]`, or rows `[batch, …, width]`.
  /// - Throws: `GraphError` when a value is not a finite number.
  public mutating func add(_ values: UnsafeBufferPointer<Float>, shape: [Int]) throws {
    let channels = max(1, shape.count == 4 ? shape[1] : shape.last ?? 1)
    places = values.count / (channels * max(1, shape.first ?? 1))
    try histogram?.add(values)
    try extremes?.add(values, channels: channels, places: max(1, places))
  }

  /// nil for what was not seen, and for what is one place a picture (the gates of squeeze-excitation):
  /// there is so little to compute that turning it into integers costs more.
  public var quantization: ActivationQuantization? {
    guard places > 1 else { return nil }
    return extremes.flatMap(\.quantization)
      ?? histogram.map { .tensor($0.quantization(.leastSquares)) }
  }
}
