/// The bank of "Towards Total Recall in Industrial Anomaly Detection" (PatchCore). What a key means stands
/// once, in ``keys``.
public struct PatchCoreSettings: Settings {
  /// How the fit chooses the bank.
  public enum Coreset: String, SettingChoice {
    /// One by one, the patch that is farthest from those chosen (algorithm 1).
    case farthest
    /// At random.
    case random
  }

  /// How a picture's score comes about.
  public enum Score: String, SettingChoice {
    /// The map's maximum after an average pooling, as the other methods have it.
    case pooled
    /// The largest distance of a patch, weighed by how usual the patch of the bank nearest to it is among
    /// its neighbours (equations 6 and 7).
    case reweighted
  }

  public var coreset = Coreset.farthest
  public var byCategory = false
  public var share = 0.1
  public var limit = 100_000
  public var candidates = 500_000
  public var projection = 64
  public var smoothing = 0.0
  public var score = Score.pooled
  public var neighbours = 9

  public init() {}

  public static let keys: [SettingKey<PatchCoreSettings>] = [
    .value(
      "coreset", \.coreset,
      "how the patches of the bank are chosen: one by one the farthest from those chosen, or at random"
    ),
    .value(
      "byCategory", \.byCategory,
      "a bank for each category, chosen by the picture's mean feature; the search is as much shorter"
    ).written { $0.byCategory },
    .fraction("share", \.share, upTo: 1, "part of all patches that is in the bank"),
    .number("limit", \.limit, 1...1_000_000, "patches in the bank at most"),
    .number(
      "candidates", \.candidates, 1...10_000_000,
      "patches among which the farthest are sought at most; of more, so many are drawn at random"),
    .number(
      "projection", \.projection, 0...4096,
      "dimensions of the random projection in which the farthest are sought; 0: none"),
    .smoothing(\.smoothing),
    .value(
      "score", \.score,
      "how a picture's score comes about: the map's maximum after pooling, or the largest distance, "
        + "weighed by the neighbours of the patch nearest to it (equations 6 and 7)",
      decides: .inspection),
    // With one neighbour, the nearest itself, every score would be 0.
    .number(
      "neighbours", \.neighbours, 2...64,
      "patches of the bank that a reweighted score looks at, the nearest one of them",
      decides: .inspection),
  ]

  /// Patches in the bank, chosen from `patches`.
  public func size(patches: Int) -> Int {
    max(1, min(limit, Int((share * Double(patches)).rounded())))
  }
}
