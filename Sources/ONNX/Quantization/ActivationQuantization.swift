/// How an activation is stored as 8-bit integers.
public enum ActivationQuantization: Sendable, Hashable {
  /// By one scale and one zero point.
  case tensor(AffineQuantization)
  /// By one scale for each channel (dimension 1); all of one kind of integers, with zero points of 0.
  /// A depthwise convolution keeps its channels apart, so each may have its own scale.
  case channels([AffineQuantization])
}
