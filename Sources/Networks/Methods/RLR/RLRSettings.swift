/// The network of "Learning Unified Reference Representation"; equations and tables are the paper's. Lists
/// have one entry a level, finest first. What a key means stands once, in ``keys``.
public struct RLRSettings: Settings {
  /// What a level's map adds to one minus the cosine (equation 16).
  public enum Difference: String, SettingChoice {
    /// The mean over channels of the squared difference, as the released code has it.
    case meanSquare
    /// The norm of the difference, as eq. 16 prints it.
    case norm
  }

  /// The optimizer's steps of a batch.
  public enum Steps: String, SettingChoice {
    /// One on the sum of the levels' losses.
    case joint
    /// One for each level, in which the other levels' gradients are zero and not absent, as released.
    case perLevel
  }

  public var levels = [4, 8, 16]
  public var hidden: [Int]?
  public var heads = 8
  public var layers = 4
  public var feedforward = 4
  public var windows: [Int]?
  public var alpha = 2.0
  public var jitter = 4.0
  public var residual = false
  public var selfAttention = false
  public var crossAttention = false
  public var mlka = true
  public var lca = true
  public var mlkaStart = 1.0
  public var difference = Difference.meanSquare
  public var smoothing = 4.0
  public var optimizerSteps = Steps.joint
  public var rateWidth: Int?
  public var loss = ReconstructionLoss.mse
  public var bottleneckDropout = 0.0

  public init() {}

  public static let keys: [SettingKey<RLRSettings>] = [
    .value(
      "levels", \.levels,
      "strides of the feature levels; backbone.taps, where given, says the levels instead"
    ).checked {
      let levels = $0.levels
      if levels.isEmpty || !levels.allSatisfy([2, 4, 8, 16].contains)
        || zip(levels, levels.dropFirst()).contains(where: { $0 >= $1 })
      {
        $1.add("levels", "strides among 2, 4, 8 and 16, each larger than the one before")
      }
    },
    .value("hidden", \.hidden, "latent widths D; null: 32 times the stride (128, 256, 512)")
      .checked {
        for width in $0.hidden ?? [] {
          $1.range("hidden", width, 4...8192)
          if !width.isMultiple(of: 4) {
            $1.add(
              "hidden", "\(width) is not a multiple of 4: sines and cosines of rows and columns")
          }
        }
      },
    .number("heads", \.heads, 1...256, "attention heads; they divide every width").checked {
      let (heads, widths) = ($0.heads, $0.hidden ?? $0.levels.map { 32 &* $0 })
      if let width = widths.first(where: { heads > 0 && !$0.isMultiple(of: heads) }) {
        $1.add("heads", "\(heads) heads do not divide hidden (\(width))")
      }
    },
    .number("layers", \.layers, 1...24, "layers of each level's network"),
    .number("feedforward", \.feedforward, 1...64, "inner width of the feed-forward layers, in D"),
    .value(
      "windows", \.windows,
      "sides of the windows that MLKA does not see and LCA sees alone; null: 11, 7 and 5 for grids of "
        + "64, 32 and 16"
    ).checked {
      for window in $0.windows ?? [] { $1.range("windows", window, 1...4096) }
    },
    .number(
      "alpha", \.alpha, 0...1000,
      "weight α of LCA, made of the reference alone, against MLKA, which carries the input's values "
        + "(equation 4, Table 5)"),
    .number(
      "jitter", \.jitter, 0...1000,
      "strength of the noise that training adds to each token; 0: none"),
    .value(
      "residual", \.residual,
      "the input added to the attention's output, which the method leaves out (Table 3)"),
    .value(
      "selfAttention", \.selfAttention, "plain attention of the input to itself (Table 3)"),
    .value(
      "crossAttention", \.crossAttention, "plain attention of the input to the reference (Table 3)"),
    .value("mlka", \.mlka, "masked learnable key attention, equations 7 to 9"),
    .value("lca", \.lca, "local cross attention, equations 10 to 12").checked {
      guard !$0.hasAttention else { return }
      $1.add(
        "lca", "no attention is left; one of selfAttention, crossAttention, mlka, lca is needed")
    },
    .number(
      "mlkaStart", \.mlkaStart, 0...1,
      "how large MLKA's output projections begin, as a share of PyTorch's; 0: a level begins without "
        + "it; nothing where MLKA is the only attention"),
    .value(
      "difference", \.difference, "what a level's map adds to one minus the cosine (equation 16)",
      decides: .inspection),
    .number(
      "smoothing", \.smoothing, 0.1...64,
      "deviation of the Gaussian before the maximum that is a picture's score, in pixels",
      decides: .inspection),
    .value(
      "optimizerSteps", \.optimizerSteps,
      "one optimizer step a batch on the sum of the levels' losses, or one for each level"),
    // As Adam's steps move what a wider layer gives further (Yang and Hu, "Tensor Programs V", Table 3).
    .value(
      "rateWidth", \.rateWidth,
      "the width D whose level learns at the training's rate, a wider one more slowly by as much as it "
        + "is wider; null: all levels at the same rate, as released"
    ).checked { $1.range("rateWidth", $0.rateWidth ?? 1, 1...8192) },
    .loss(\.loss),
    .bottleneckDropout(\.bottleneckDropout),
  ]

  /// The window of a grid of this side where none is given; nil when there is none for it.
  public static func window(grid: Int) -> Int? {
    [64: 11, 32: 7, 16: 5][grid]
  }

  var usesWindows: Bool { mlka || lca }
  var hasAttention: Bool { selfAttention || crossAttention || usesWindows }
  var usesReference: Bool { crossAttention || usesWindows }

  /// The size of a level's network.
  ///
  /// - Parameters:
  ///   - map: the level's.
  ///   - stride: how many times smaller than the picture that is.
  func level(_ index: Int, of count: Int, map: MapShape, stride: Int) throws -> RLRLevelShape {
    func given(_ list: [Int]?) throws -> Int? {
      guard let list else { return nil }
      guard list.indices.contains(index) else {
        throw NetworkError("\(list.count) values in rlr for \(count) levels")
      }
      return list[index]
    }
    // Without MLKA and LCA the window means nothing.
    let window = try given(windows) ?? Self.window(grid: map.grid.height)
    guard let window = window ?? (usesWindows ? nil : 1) else {
      throw NetworkError(
        "rlr.windows: none is known for a grid of \(map.grid.height)×\(map.grid.width)")
    }
    return RLRLevelShape(
      channels: map.channels, grid: map.grid, hidden: try given(hidden) ?? 32 * stride,
      window: window)
  }
}
