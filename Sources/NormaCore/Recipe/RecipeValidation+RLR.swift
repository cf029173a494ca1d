extension Recipe {
  func checkRLR(_ check: inout RecipeCheck) {
    checkRLRNetwork(&check)
    checkRLRLists(&check)
    // Other taps may have other grids, which only the backbone knows.
    guard backbone.taps == nil, rlr.levels.allSatisfy({ $0 > 0 }) else { return }
    checkRLRWindows(grids: rlr.levels.map { (backbone.imageSize + $0 - 1) / $0 }, &check)
  }

  private func checkRLRNetwork(_ check: inout RecipeCheck) {
    check.range("rlr.heads", rlr.heads, 1...256)
    check.range("rlr.layers", rlr.layers, 1...24)
    check.range("rlr.feedforward", rlr.feedforward, 1...64)
    check.range("rlr.alpha", rlr.alpha, 0...1000)
    check.range("rlr.mlkaStart", rlr.mlkaStart, 0...1)
    check.range("rlr.jitter", rlr.jitter, 0...1000)
    check.range("rlr.smoothing", rlr.smoothing, 0.1...64)
    check.range("rlr.rateWidth", rlr.rateWidth ?? 1, 1...8192)
    if !rlr.hasAttention {
      check.add(
        "rlr.lca",
        "no attention is left; one of selfAttention, crossAttention, mlka, lca is needed")
    }
  }

  private func checkRLRLists(_ check: inout RecipeCheck) {
    if rlr.levels.isEmpty || !rlr.levels.allSatisfy([2, 4, 8, 16].contains)
      || zip(rlr.levels, rlr.levels.dropFirst()).contains(where: { $0 >= $1 })
    {
      check.add("rlr.levels", "strides among 2, 4, 8 and 16, each larger than the one before")
    }
    let count = backbone.taps?.count ?? rlr.levels.count
    for (name, list) in [("hidden", rlr.hidden), ("windows", rlr.windows)] {
      guard let list, list.count != count else { continue }
      check.add(
        "rlr.\(name)", "\(list.count) values for \(count) levels; one a level, finest first")
    }
    for width in rlr.hidden ?? [] {
      check.range("rlr.hidden", width, 4...8192)
      if !width.isMultiple(of: 4) {
        check.add(
          "rlr.hidden", "\(width) is not a multiple of 4: sines and cosines of rows and columns")
      }
    }
    let widths = rlr.hidden ?? rlr.levels.map { 32 * $0 }
    if let width = widths.first(where: { rlr.heads > 0 && !$0.isMultiple(of: rlr.heads) }) {
      check.add("rlr.heads", "\(rlr.heads) heads do not divide hidden (\(width))")
    }
    for window in rlr.windows ?? [] { check.range("rlr.windows", window, 1...4096) }
  }

  /// - Parameter grids: sides of the levels' grids, finest first.
  func checkRLRWindows(grids: [Int], _ check: inout RecipeCheck) {
    guard rlr.usesWindows, rlr.windows.map({ $0.count == grids.count }) ?? true else { return }
    for (index, grid) in grids.enumerated() {
      guard let window = rlr.windows?[index] ?? RLRRecipe.window(grid: grid) else {
        check.add(
          "rlr.windows",
          "no window is known for a grid of \(grid)×\(grid); the grids are "
            + "\(grids.map { "\($0)×\($0)" }.joined(separator: ", ")): give one window for each")
        return
      }
      guard rlr.mlka, window / 2 > grid - 2 else { continue }
      let largest = RASRecipe.largestWindow(grid: grid)
      check.add(
        "rlr.windows",
        "a window of \(window) hides every token of a \(grid)×\(grid) grid from every query; "
          + (largest > 0 ? "the largest that fits is \(largest)" : "no window fits"))
    }
  }
}
