import NormaCore
import NormaReport

/// Which test pictures a report shows: for each fate the worst ones.
struct ExampleSelection {
  /// The pictures of one fate in one category.
  struct Group {
    var fate: ReportContent.Fate
    /// How many pictures share the fate.
    var total: Int
    var shown: [EvaluatedPicture]
  }

  /// The groups of one category's pictures, in the order of `Fate.allCases`.
  static func groups(
    _ pictures: [EvaluatedPicture], threshold: Float, limit: Int
  ) -> [Group] {
    ReportContent.Fate.allCases.map { fate in
      let sharing = pictures.filter { self.fate(of: $0, threshold: threshold) == fate }
      let order = fate.worstFirst(sharing.map { Double($0.score) })
      return Group(fate: fate, total: sharing.count, shown: order.prefix(limit).map { sharing[$0] })
    }
  }

  /// Nil for a normal picture that was taken as one.
  private static func fate(
    of picture: EvaluatedPicture, threshold: Float
  ) -> ReportContent.Fate? {
    switch (picture.sample.label.isAnomalous, picture.score > threshold) {
    case (true, true): .caught
    case (true, false): .missed
    case (false, true): .falselyFlagged
    case (false, false): nil
    }
  }

  /// The threshold with the best F1 on these pictures: what an uncalibrated model's pictures are
  /// sorted by, for want of a better one.
  static func bestThreshold(_ pictures: [EvaluatedPicture]) -> Float {
    let ranked = pictures.sorted { $0.score > $1.score }
    let positives = ranked.count { $0.sample.label.isAnomalous }
    var best = (f1: -1.0, threshold: Float.infinity)
    var hits = 0
    for (index, picture) in ranked.enumerated() {
      if picture.sample.label.isAnomalous { hits += 1 }
      let next = index + 1 < ranked.count ? ranked[index + 1].score : -.infinity
      guard next < picture.score else { continue }
      let f1 = 2 * Double(hits) / Double(index + 1 + positives)
      if f1 > best.f1 { best = (f1, next) }
    }
    return best.threshold
  }
}
