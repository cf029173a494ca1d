/// The network of "A Unified Model for Multi-class Anomaly Detection" (UniAD). What a key means stands once,
/// in ``keys``.
public struct UniADSettings: Settings {
  public var hidden = 256
  public var heads = 8
  public var feedforward = 1024
  public var dropout = 0.1
  public var encoder = 4
  public var decoder = 4
  public var window = 7
  public var maskEncoder = true
  public var maskSelf = true
  public var maskCross = true
  public var jitter = 20.0
  public var residual = Residual.norm
  public var loss = ReconstructionLoss.mse
  public var bottleneckDropout = 0.0

  public init() {}

  public static let keys: [SettingKey<UniADSettings>] = [
    .tokenWidth(\.hidden, "width of the latent tokens"),
    .heads(\.heads, of: \.hidden),
    .feedforward(\.feedforward),
    .dropout(\.dropout),
    .number("encoder", \.encoder, 0...24, "encoder blocks"),
    .number("decoder", \.decoder, 1...24, "decoder layers, each with a query of its own"),
    .number(
      "window", \.window, 0...4096,
      "side of the neighbourhood that masked attention does not see; 0: no mask"),
    .value("maskEncoder", \.maskEncoder, "the mask in the encoder"),
    .value(
      "maskSelf", \.maskSelf, "the mask in the decoder's attention over the encoder's output"),
    .value(
      "maskCross", \.maskCross, "the mask in the decoder's attention over the layer before"),
    .number(
      "jitter", \.jitter, 0...1000, "strength of the noise that training adds to each token"),
    .residual(\.residual, "the anomaly of a token; the paper's is the norm (§3.4)"),
    .loss(\.loss),
    .bottleneckDropout(\.bottleneckDropout),
  ]

  /// Whether any attention has the mask.
  var masksAnything: Bool { maskEncoder || maskSelf || maskCross }
}
