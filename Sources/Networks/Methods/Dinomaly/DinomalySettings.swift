/// The network of "Dinomaly: The Less Is More Philosophy in Multi-Class Unsupervised Anomaly Detection" (Guo et
/// al., 2025), how it is taught and how its result is looked at. What a key means stands once, in ``keys``.
public struct DinomalySettings: Settings {
  public var hidden: Int?
  public var headWidth = 64
  public var decoder = 8
  public var feedforward = 4
  public var dropout = 0.2
  public var easy = Mining().share
  public var easyFactor = Mining().factor
  public var easySteps = Mining().steps
  public var smoothing: Double?
  public var kernel: Int?

  public init() {}

  public static let keys: [SettingKey<DinomalySettings>] = [
    .value(
      "hidden", \.hidden,
      "width of the tokens in bottleneck and decoder; null: the backbone's, where all its levels have one, "
        + "and no layer translates; else 384"
    ).checked {
      guard let hidden = $0.hidden else { return }
      $1.range("hidden", hidden, 1...8192)
      if $0.headWidth > 0, hidden % $0.headWidth != 0 {
        $1.add("hidden", "\(hidden) is not a multiple of headWidth (\($0.headWidth))")
      }
    },
    .number("headWidth", \.headWidth, 1...8192, "width of an attention head; it divides the width"),
    .number(
      "decoder", \.decoder, 1...24,
      "decoder blocks; in as many groups as there are levels, the last block's group for the first level"
    ),
    .number(
      "feedforward", \.feedforward, 1...64,
      "inner width of the bottleneck and of the feed-forward layers, in widths"),
    .number(
      "dropout", \.dropout, 0...0.9,
      "share of the bottleneck's activations left out in training, which is all the noise there is; the paper "
        + "has 0.4 for Real-IAD"),
    .number(
      "easy", \.easy, 0...0.999,
      "share of the positions, those that are rebuilt best, whose gradient counts little in the end"
    ),
    .number("easyFactor", \.easyFactor, 0...1, "how much their gradient counts; 1: as any other"),
    .number(
      "easySteps", \.easySteps, 0...10_000_000,
      "steps over which that share rises from 0; 0: it is there at once"),
    .value(
      "smoothing", \.smoothing,
      "deviation of the Gaussian that smooths the map, in pixels; 0: none; null: 4 for pictures of 256 pixels, "
        + "and as much larger or smaller as pictures are", decides: .inspection
    ).checked { $1.range("smoothing", $0.smoothing ?? 1, 0...64) },
    .value(
      "kernel", \.kernel,
      "side of that Gaussian, beyond which it is cut off, in pixels, odd; null: 5 for pictures of 256 pixels",
      decides: .inspection
    ).checked {
      guard let kernel = $0.kernel else { return }
      $1.range("kernel", kernel, 1...255)
      if kernel.isMultiple(of: 2) { $1.add("kernel", "\(kernel) is even; a Gaussian has a middle") }
    },
  ]

  /// How the loss leaves easy positions aside.
  public var mining: Mining { Mining(share: easy, factor: easyFactor, steps: easySteps) }

  /// Deviation and radius of the Gaussian along a side of the picture, in pixels; nil for none.
  func gaussian(side: Int) -> (sigma: Double, radius: Int)? {
    let scale = Double(side) / 256
    let sigma = smoothing ?? 4 * scale
    guard sigma > 0 else { return nil }
    // The odd number nearest to 5 for 256 pixels.
    return (sigma, kernel.map { $0 / 2 } ?? max(1, Int((2.5 * scale - 0.5).rounded())))
  }

  /// Width of the tokens, for levels of these channels.
  func width(_ channels: [Int]) -> Int {
    hidden ?? (Set(channels).count == 1 ? channels[0] : 384)
  }
}

/// How a loss leaves easy positions aside (Dinomaly's "loose loss"): the gradient of what is rebuilt best
/// already is damped.
public struct Mining: Equatable, Sendable {
  /// Of the positions of a batch, in the end.
  public var share = 0.9
  /// What the gradient at those is multiplied by.
  public var factor = 0.1
  /// Over which the share rises linearly from 0.
  public var steps = 1000

  public init() {}

  public init(share: Double, factor: Double, steps: Int) {
    (self.share, self.factor, self.steps) = (share, factor, steps)
  }

  /// The share at step `step` of a training, counted from 0.
  public func share(at step: Int) -> Double {
    steps == 0 ? share : min(share * Double(step) / Double(steps), share)
  }
}
