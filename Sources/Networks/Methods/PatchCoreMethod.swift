/// PatchCore as a detector (Roth et al., "Towards Total Recall in Industrial Anomaly Detection", 2022):
/// a bank of patches of normal pictures, and for each patch of a picture its distance to the nearest of
/// the bank. Nothing is trained; the bank is a coreset of all patches that the fit saw.
///
/// The features are the aligned ones of the other methods: 3×3 average pooling, which makes a patch
/// locally aware (§3.1), and the levels' channels stacked.
///
/// The search is exact and part of the network: ‖x − m‖² = ‖x‖² − (2x·m − ‖m‖²), so that the nearest of
/// the bank is the largest of one matrix product with a bias. It therefore trains nothing, exports like
/// every other method, runs wherever the graph does, and finds the same in each engine. A vector-search
/// library would come as a second file with code of its own, only in this process, and its index answers
/// approximately; its gain is in banks of millions, where a product of 196 × 272 × 40,000 numbers a
/// picture, which an engine does in milliseconds, would no longer do.
public struct PatchCoreMethod: AlignedFeatureMethod, Equatable {
  /// How the fit chooses the bank.
  public struct Coreset: Equatable, Sendable {
    public enum Selection: String, Sendable {
      /// At random.
      case random
      /// One by one, the patch that is farthest from those chosen.
      case farthest
    }

    public var selection = Selection.farthest
    /// Part of all patches.
    public var share = 0.1
    /// Patches in the bank at most.
    public var limit = 100_000
    /// Patches among which the farthest are sought, at most; of more, so many are drawn at random.
    public var candidates = 500_000
    /// Dimensions of the random projection in which the farthest are sought; 0 for none.
    public var projection = 64

    public init() {}

    /// Patches in the bank, chosen from `patches`.
    public func size(patches: Int) -> Int {
      max(1, min(limit, Int((share * Double(patches)).rounded())))
    }
  }

  /// How a picture's score comes about.
  public enum Score: Equatable, Sendable {
    /// The map's maximum after an average pooling, as the other methods have it.
    case pooled
    /// The largest distance of a patch, weighed by how usual the patch of the bank nearest to it is among
    /// so many neighbours, itself one of them (equations 6 and 7).
    case reweighted(neighbours: Int)
  }

  /// Channels C of the aligned features.
  public var channels: Int
  public var grid: Grid
  public var coreset = Coreset()
  public var score = Score.pooled
  public var scorePooling = 16
  public var smoothing = 0.0

  public init(channels: Int, grid: Grid) {
    self.channels = channels
    self.grid = grid
  }

  /// Parameters: `bank`, `[patches, C]`, relative to `centre`, `[C]`: what is subtracted on both sides
  /// changes no distance, and small numbers keep the digits of their difference.
  public func detect<V: Value>(
    _ features: [V], size: Grid, parameters: Parameters<V>
  ) throws -> Detection<V> {
    let centre = try parameters("centre", [channels], .zeros)
    let bank = try parameters("bank", [-1, channels], .zeros)
    let tokens = try Self.aligned(features).tokens() - centre.reshaped([1, 1, channels])
    let patches = try PatchBank(bank)
    let squares = try patches.squaredDistances(toNearestOf: tokens)
    var detection = try detect(
      anomalyMap: squares.squareRoot().featureMap(grid), size: size)
    if case .reweighted(let neighbours) = score {
      detection.score = try patches.reweightedScore(
        of: tokens, squares: squares, neighbours: neighbours)
    }
    return detection
  }

  /// The squared distance of each of `vectors`, `[batch, N, C]`, to the nearest row of `bank`,
  /// `[M, C]`: `[batch, N, 1]`.
  public static func squaredDistances<V: Value>(of vectors: V, toNearestOf bank: V) throws -> V {
    try PatchBank(bank).squaredDistances(toNearestOf: vectors)
  }
}
