extension Recipe {
  /// - Throws: `RecipeProblem` that names each key whose value cannot be, without lines (for values
  ///   set by the program or the command line).
  public func validate() throws {
    let issues = issues()
    guard issues.isEmpty else { throw RecipeProblem(file: nil, issues: issues) }
  }

  /// What can be checked only when the backbone's grid is known.
  /// - Parameter grids: sides of the feature maps that the method sees, finest first.
  /// - Throws: `RecipeProblem` when a window hides every token from every query, or is missing.
  public func validate(grids: [Int]) throws {
    var check = RecipeCheck()
    switch method {
    case "padim": for grid in grids { checkPaDiMSize(grid: grid, &check) }
    case "rlr": checkRLRWindows(grids: grids, &check)
    default: for grid in grids { checkWindow(grid: grid, &check) }
    }
    guard check.issues.isEmpty else { throw RecipeProblem(file: nil, issues: check.issues) }
  }

  func issues() -> [RecipeIssue] {
    var check = RecipeCheck()
    if !Self.methods.contains(method) {
      check.add(
        "method",
        "'\(method)' is not built; \(Self.methods.joined(separator: ", ")) are"
          + Spelling.hint(for: method, among: Self.methods))
    }
    checkBackbone(&check)
    switch method {
    case "padim": checkPaDiM(&check)
    case "patchcore": checkPatchCore(&check)
    case "ras": checkRAS(&check)
    case "rlr": checkRLR(&check)
    case "uniad": checkUniAD(&check)
    case "uranet": uranet.check(&check)
    default: break
    }
    // Other taps may have another grid, which only the backbone knows.
    if backbone.taps == nil { checkWindow(grid: grid, &check) }
    checkTraining(&check)
    check.range("scoring.pool", scoring.pool, 1...max(1, backbone.imageSize))
    check.fraction("calibration.falseAlarmRate", calibration.falseAlarmRate, below: 0.5)
    check.fraction("calibration.pixelFalseAlarmRate", calibration.pixelFalseAlarmRate, below: 0.5)
    return check.issues
  }

  private func checkBackbone(_ check: inout RecipeCheck) {
    if !BackboneRecipe.known.contains(backbone.name) {
      let hint = Spelling.hint(for: backbone.name, among: BackboneRecipe.known)
      check.add(
        "backbone.name",
        "unknown backbone '\(backbone.name)'"
          + (hint.isEmpty ? "; known are \(BackboneRecipe.known.joined(separator: ", "))" : hint))
    }
    check.range("backbone.imageSize", backbone.imageSize, 32...2048)
    guard let taps = backbone.taps else { return }
    if taps.isEmpty {
      check.add("backbone.taps", "the list is empty; leave the key out for the usual taps")
    } else if taps[0] < 0 || zip(taps, taps.dropFirst()).contains(where: { $0 >= $1 }) {
      check.add("backbone.taps", "block indices from 0 on, each larger than the one before")
    }
  }

  private func checkRAS(_ check: inout RecipeCheck) {
    check.transformer(
      "ras", hidden: ras.hidden, heads: ras.heads, feedforward: ras.feedforward,
      dropout: ras.dropout)
    check.range("ras.encoder", ras.encoder, 0...24)
    check.range("ras.decoder", ras.decoder, 1...24)
    check.range("ras.jitter", ras.jitter, 0...1000)
    check.range("ras.window", ras.window, 0...4096)
  }

  private func checkUniAD(_ check: inout RecipeCheck) {
    check.transformer(
      "uniad", hidden: uniad.hidden, heads: uniad.heads, feedforward: uniad.feedforward,
      dropout: uniad.dropout)
    check.range("uniad.encoder", uniad.encoder, 0...24)
    check.range("uniad.decoder", uniad.decoder, 1...24)
    check.range("uniad.jitter", uniad.jitter, 0...1000)
    check.range("uniad.window", uniad.window, 0...4096)
  }

  /// The neighbour mask of the recipe's own method; the other methods' grids are not this one.
  private func checkWindow(grid: Int, _ check: inout RecipeCheck) {
    switch method {
    case "ras" where ras.encoder > 0: check.window("ras.window", ras.window, grid: grid)
    case "uniad" where uniad.maskEncoder || uniad.maskSelf || uniad.maskCross:
      check.window("uniad.window", uniad.window, grid: grid)
    case "uranet": check.window("uranet.window", uranet.window, grid: grid)
    default: break
    }
  }

  private func checkTraining(_ check: inout RecipeCheck) {
    check.range("training.epochs", training.epochs, 1...1_000_000)
    check.range("training.batch", training.batch, 1...65536)
    check.fraction("training.learningRate", training.learningRate, below: 10)
    check.range("training.weightDecay", training.weightDecay, 0...10)
    if training.betas.count != 2 || training.betas.contains(where: { $0 < 0 || $0 >= 1 }) {
      check.add("training.betas", "two numbers from 0 to below 1, as [0.9, 0.999]")
    }
    check.range("training.clip", training.clip, 0...1e6)
    check.range("training.warmup", training.warmup, 0...10_000_000)
    check.range("training.minutes", training.minutes, 0...1_000_000)
    checkDecay(&check)
    check.range("training.seed", training.seed, 0...Int.max)
    check.range("training.holdout", training.holdout, 0...0.5)
    check.range("training.checkpointEvery", training.checkpointEvery, 0...1440)
    if training.keep == .best, training.holdout == 0 {
      check.add(
        "training.keep", "'best' is chosen by held-out pictures, and holdout is 0; use 'last'")
    }
    checkCrossFit(training.crossFit, &check)
  }

  private func checkDecay(_ check: inout RecipeCheck) {
    for drop in training.decay {
      if drop.epoch < 1 || !(drop.factor > 0 && drop.factor <= 1) {
        check.add("training.decay", "\(drop.yaml): epochs from 1 on, a factor above 0, up to 1")
      }
    }
    if zip(training.decay, training.decay.dropFirst()).contains(where: { $0.epoch >= $1.epoch }) {
      check.add("training.decay", "each drop comes after the one before")
    }
  }

  private func checkCrossFit(_ crossFit: CrossFitRecipe, _ check: inout RecipeCheck) {
    check.range("training.crossFit.folds", crossFit.folds, 0...20)
    check.range("training.crossFit.epochs", crossFit.epochs, 1...1_000_000)
    if crossFit.folds == 1 {
      check.add("training.crossFit.folds", "1 part leaves nothing to train on; 2 or more, or 0")
    }
    if crossFit.folds > 1, training.holdout > 0 {
      check.add(
        "training.crossFit.folds",
        "cross-fitting is for holdout: 0; here holdout is \(training.holdout.yaml)")
    }
  }
}

/// Collects what is wrong with a recipe's values.
struct RecipeCheck {
  var issues: [RecipeIssue] = []

  mutating func add(_ key: String, _ reason: String) {
    issues.append(RecipeIssue(key: key, reason: reason))
  }

  mutating func range<Value: RecipeValue & Comparable>(
    _ key: String, _ value: Value, _ range: ClosedRange<Value>
  ) {
    guard !range.contains(value) else { return }
    add(key, "\(value.yaml) is out of range; \(range.lowerBound.yaml) to \(range.upperBound.yaml)")
  }

  /// Above 0, up to `limit`.
  mutating func fraction(_ key: String, _ value: Double, below limit: Double) {
    guard !(value > 0 && value <= limit) else { return }
    add(key, "\(value.yaml) is out of range; above 0, up to \(limit.yaml)")
  }

  /// The sizes of a transformer in the section `section`.
  mutating func transformer(
    _ section: String, hidden: Int, heads: Int, feedforward: Int, dropout: Double
  ) {
    range("\(section).hidden", hidden, 4...8192)
    if hidden % 2 != 0 {
      add("\(section).hidden", "\(hidden) is odd; half of it encodes the row, half the column")
    }
    range("\(section).heads", heads, 1...256)
    if heads > 0, hidden % heads != 0 {
      add("\(section).heads", "\(heads) heads do not divide hidden (\(hidden))")
    }
    range("\(section).feedforward", feedforward, 1...65536)
    range("\(section).dropout", dropout, 0...0.9)
  }

  /// A neighbour mask must leave some query something to see.
  mutating func window(_ key: String, _ window: Int, grid: Int) {
    guard window > 0, window / 2 > grid - 2 else { return }
    let largest = RASRecipe.largestWindow(grid: grid)
    add(
      key,
      "a window of \(window) hides every token of a \(grid)×\(grid) grid from every query; "
        + (largest > 0 ? "the largest that fits is \(largest)" : "only 0, no mask, fits"))
  }
}
