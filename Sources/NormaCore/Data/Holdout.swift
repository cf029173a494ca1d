/// Parts of the normal training pictures that training does not see, so that thresholds and the
/// choice of an epoch rest on pictures that are new to the network.
public enum Holdout {
  /// Holds out a fraction of each category, chosen by the seed. The choice depends on the
  /// category's own pictures only: another category more or less changes nothing.
  /// - Parameters:
  ///   - fraction: of each category's pictures, rounded, and at least one where it is above 0; one
  ///     picture of each category always stays in training.
  /// - Returns: both parts, sorted by category, then path.
  public static func split(
    _ samples: [Sample], fraction: Double, seed: UInt64
  ) -> (training: [Sample], heldOut: [Sample]) {
    var training: [Sample] = []
    var heldOut: [Sample] = []
    for (category, samples) in byCategory(samples) {
      let order = shuffled(samples.count, category: category, seed: seed)
      let wanted = fraction > 0 ? max(1, (Double(samples.count) * fraction).rounded()) : 0
      let count = min(Int(wanted), samples.count - 1)
      let chosen = Set(order.prefix(count))
      for (index, sample) in samples.enumerated() {
        if chosen.contains(index) { heldOut.append(sample) } else { training.append(sample) }
      }
    }
    return (training, heldOut)
  }

  /// Parts for cross-fitting: each picture is held out in exactly one of them, where its category
  /// has two pictures or more; a single picture stays in training everywhere.
  /// - Parameter count: at least 2 parts; fewer of a category's pictures than parts leave some
  /// parts
  ///   without a held-out picture of it.
  public static func folds(
    _ samples: [Sample], count: Int, seed: UInt64
  ) -> [(training: [Sample], heldOut: [Sample])] {
    var folds = [(training: [Sample], heldOut: [Sample])](repeating: ([], []), count: max(count, 2))
    for (category, samples) in byCategory(samples) {
      let order = shuffled(samples.count, category: category, seed: seed)
      var part = [Int](repeating: -1, count: samples.count)
      if samples.count > 1 {
        for (place, index) in order.enumerated() { part[index] = place % folds.count }
      }
      for (index, sample) in samples.enumerated() {
        for fold in folds.indices {
          if part[index] == fold {
            folds[fold].heldOut.append(sample)
          } else {
            folds[fold].training.append(sample)
          }
        }
      }
    }
    return folds
  }

  private static func byCategory(_ samples: [Sample]) -> [(String, [Sample])] {
    Dictionary(grouping: samples, by: \.category).sorted { $0.key < $1.key }
      .map { ($0.key, $0.value.sorted { $0.path < $1.path }) }
  }

  private static func shuffled(_ count: Int, category: String, seed: UInt64) -> [Int] {
    var generator = SeededGenerator(seed: seed, stream: "holdout \(category)")
    var order = Array(0..<count)
    generator.shuffle(&order)
    return order
  }
}
