/// Which keys each query sees.
public struct AttentionMask<V: Value> {
  /// Added to the scores; broadcasts to `[batch, heads, N, M]`: 0 where visible, −∞ where hidden.
  let bias: V
  /// 1 for queries that see a key, 0 for the others, `[1, 1, N, 1]`; nil when all see one.
  let sighted: V?

  /// - Parameter reference: any value of the engine that the mask is for.
  public init(_ pattern: MaskPattern, like reference: V) throws {
    let (rows, columns) = (pattern.queries, pattern.keys)
    var bias = pattern.visible.map { $0 ? Float(0) : -Float.infinity }
    let sighted = (0..<rows).map { row in
      pattern.visible[row * columns..<(row + 1) * columns].contains(true)
    }
    // A row of −∞ alone has no softmax: a blind query looks at everything and is cleared after.
    for row in 0..<rows where !sighted[row] {
      for column in 0..<columns { bias[row * columns + column] = 0 }
    }
    self.bias = try reference.constant(bias, shape: [1, 1, rows, columns])
    self.sighted =
      sighted.contains(false)
      ? try reference.constant(sighted.map { $0 ? 1 : 0 }, shape: [1, 1, rows, 1]) : nil
  }

  /// Keys that show in part: each counts `weights` times, `[batch, M]`, and one with weight 0 is hidden
  /// from every query. At least one key of each picture has to show.
  public init(weights: V) throws {
    bias = try weights.logarithm().reshaped([weights.shape[0], 1, 1, weights.shape[1]])
    sighted = nil
  }

  /// A query without a visible key gets zero.
  func clearingBlindQueries(_ attended: V) throws -> V {
    guard let sighted else { return attended }
    return try attended * sighted
  }
}

/// The visible pairs of an attention, as data.
public struct MaskPattern: Equatable, Sendable {
  public let queries: Int
  public let keys: Int
  /// Row-major, queries × keys.
  public let visible: [Bool]

  /// Tokens (r, c) and (r', c') are neighbours when |r−r'| ≤ ⌊w/2⌋ and |c−c'| ≤ ⌊w/2⌋; a token is its
  /// own neighbour.
  public enum Neighbours: Sendable {
    /// Everything but the neighbours is visible (UniAD, RAS's encoder, RLR's MLKA).
    case hidden
    /// Only the neighbours are visible (RLR's LCA).
    case alone
  }

  /// Throws when the pattern would hide every key from every query.
  public init(height: Int, width: Int, window: Int, neighbours: Neighbours) throws {
    let reach = window / 2
    let count = height * width
    var visible = [Bool](repeating: neighbours == .hidden, count: count * count)
    for row in 0..<height {
      for column in 0..<width {
        let query = (row * width + column) * count
        for r in max(0, row - reach)...min(height - 1, row + reach) {
          for c in max(0, column - reach)...min(width - 1, column + reach) {
            visible[query + r * width + c] = neighbours == .alone
          }
        }
      }
    }
    guard visible.contains(true) else {
      throw NetworkError(
        "a \(window)×\(window) neighbour mask hides every token of a \(height)×\(width) grid; the "
          + "largest window that leaves something to see is "
          + "\(Self.largestWindow(height: height, width: width))")
    }
    self.queries = count
    self.keys = count
    self.visible = visible
  }

  /// The largest odd window that, hidden, leaves at least one query a key: the corner token sees the
  /// opposite corner while ⌊w/2⌋ < max(height, width) − 1. 0 (no mask) when none does.
  public static func largestWindow(height: Int, width: Int) -> Int {
    max(0, 2 * max(height, width) - 3)
  }
}
