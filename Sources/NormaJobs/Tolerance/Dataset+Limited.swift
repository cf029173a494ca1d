import NormaCore

extension Dataset {
  /// At most so many test pictures of each category, as many normal as anomalous ones where there are
  /// enough of both, spread evenly over their names.
  func limited(to count: Int) -> Dataset {
    var result = self
    let kept = categories.flatMap { category in
      let pictures = test.filter { $0.category == category }
      let normal = pictures.filter { !$0.label.isAnomalous }
      let anomalous = pictures.filter { $0.label.isAnomalous }
      let some = min(normal.count, max(count / 2, count - anomalous.count))
      return normal.spread(some) + anomalous.spread(count - some)
    }
    result.samples = (train + kept).sorted { ($0.category, $0.path) < ($1.category, $1.path) }
    return result
  }
}
