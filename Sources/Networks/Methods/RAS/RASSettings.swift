/// The network of "Reconstruction as Sequence"; equations and tables are the paper's. What a key means
/// stands once, in ``keys``.
public struct RASSettings: Settings {
  public var hidden = 256
  public var heads = 8
  public var feedforward = 1024
  public var dropout = 0.0
  public var encoder = 2
  public var decoder = 4
  public var window = 7
  public var jitter = 25.0
  public var gate = true
  public var transformer = true
  public var updateNorm = true
  public var residual = Residual.norm
  public var loss = ReconstructionLoss.mse
  public var bottleneckDropout = 0.0

  public init() {}

  public static let keys: [SettingKey<RASSettings>] = [
    .tokenWidth(\.hidden, "width of the latent tokens, C_rec (equations 3 and 4)"),
    .heads(\.heads, of: \.hidden),
    .feedforward(\.feedforward),
    .dropout(\.dropout),
    .number("encoder", \.encoder, 0...24, "encoder blocks, T_e (equation 4)"),
    .number("decoder", \.decoder, 1...24, "RASFormer steps, T_d (equation 6)"),
    .number(
      "window", \.window, 0...4096,
      "side of the neighbourhood that encoder attention does not see; 0: no mask"),
    .number(
      "jitter", \.jitter, 0...1000,
      "strength α of the noise that training adds to each token (equation 5)"),
    .value("gate", \.gate, "the adaptive gate, equations 7 and 8 (Table 4)"),
    .value("transformer", \.transformer, "the transformer block of a step, equation 9 (Table 4)"),
    // As the released code has it.
    .value(
      "updateNorm", \.updateNorm,
      "layer norm around the update of equation 10, which the printed equation lacks"),
    .residual(\.residual, "the anomaly of a token; the paper's is the norm (equation 14)"),
    .loss(\.loss),
    .bottleneckDropout(\.bottleneckDropout),
  ]
}
