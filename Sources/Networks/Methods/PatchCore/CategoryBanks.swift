/// PatchCore's banks by category, `[K, M, C]`: a picture is recognised by its mean feature and compared with
/// the bank of its category alone, so that a search costs a Kth of one in a bank of all, and a patch that is
/// usual on one product does not excuse itself on another.
///
/// The category is the one whose mean feature is nearest in units of the spread within categories, as
/// verdicts recognise it where it is not said. All of it is part of the graph.
struct CategoryBanks<V: Value> {
  /// `[K, M, C]`.
  private let banks: V
  /// Mean features of the categories, `[K, C]`.
  private let means: V
  /// One over the variance of mean features within categories, `[C]`; 0 for channels that tell nothing.
  private let precision: V

  /// Patches that are multiplied at once: their products stay in the processor's cache.
  private static var tile: Int { 4096 }

  /// - Parameter parameters: `banks`, `means` and `precision`, all relative to the centre.
  init(_ parameters: Parameters<V>, channels: Int) throws {
    banks = try parameters("banks", [-1, -1, channels], .zeros)
    means = try parameters("means", [-1, channels], .zeros)
    precision = try parameters("precision", [channels], .ones)
  }

  private var count: Int { banks.shape[0] }
  private var rows: Int { banks.shape[1] }
  private var channels: Int { banks.shape[2] }

  /// 1 at each picture's category and 0 elsewhere, `[batch, K]`.
  ///
  /// - Parameter tokens: the pictures' patches, `[batch, N, C]`.
  func recognised(_ tokens: V) throws -> V {
    let away = try tokens.mean(axes: [1]) - means.reshaped([1, count, channels])
    let distances = try (away * away * precision.reshaped([1, 1, channels])).mean(axes: [2])
    // Of categories that look the same the first: what is chosen has to be one.
    let order = try distances.constant(
      (0..<count).map { 1e-5 * Float($0) }, shape: [1, count, 1])
    let closeness = try (distances + order).affine(scale: -1, offset: 0)
    return try closeness.isLargest(closeness.maximum(axes: [1])).reshaped([tokens.shape[0], count])
  }

  /// The squared distance of each patch of `tokens`, `[batch, N, C]`, to the nearest of its picture's
  /// category: `[batch, N, 1]`.
  func squaredDistances(of tokens: V) throws -> V {
    // A product with ones and zeros: a bank is read exactly, in either engine.
    let bank = try recognised(tokens).matmul(banks.reshaped([count, rows * channels]))
      .reshaped([tokens.shape[0], rows, channels])
    let closest = try stride(from: 0, to: rows, by: Self.tile).map { first in
      let part = try bank.sliced(axis: 1, first..<min(first + Self.tile, rows))
      let squares = try (part * part).sum(axes: [2]).permuted([0, 2, 1])
      let products = try tokens.matmul(part.permuted([0, 2, 1]))
      return try (products.affine(scale: 2, offset: 0) - squares).maximum(axes: [2])
    }
    let nearest =
      try closest.count == 1
      ? closest[0] : V.concatenated(closest, axis: 2).maximum(axes: [2])
    return try ((tokens * tokens).sum(axes: [2]) - nearest).relu()
  }
}
