import Networks

extension Recipe {
  /// What of the shared sections the method may look at.
  var context: MethodContext {
    let seed = UInt64(max(0, training.seed))
    var context = MethodContext(
      imageSize: lookedAtSide, taps: backbone.taps ?? unusualTaps, score: pictureScore,
      inspectsInBF16: scoring.precision == .bf16, folds: training.crossFit.folds,
      draw: { count, total, stream in
        var generator = SeededGenerator(seed: seed, stream: stream)
        return generator.drawing(count, of: total)
      })
    context.beside = parts.dropFirst().map { $0.backbone.taps ?? $0.unusualTaps }
    return context
  }

  /// How a pixel map becomes its picture's score: the recipe's word, else the method's.
  private var pictureScore: PictureScore {
    switch scoring.score ?? (definition?.scoresByTop == true ? .top : .maximum) {
    case .maximum: .maximum(pooling: scoring.pool)
    case .top: .top(share: scoring.topShare)
    }
  }

  /// The side of the pictures for what depends on it. That one is out of range is said of the key itself, once:
  /// nothing is computed with it, and the method's usual one stands for it.
  private var lookedAtSide: Int {
    guard BackboneRecipe.imageSizes.contains(backbone.imageSize) else {
      return (definition?.trunkDefaults ?? TrunkDefaults()).imageSize
    }
    return backbone.imageSize
  }

  /// The levels of a backbone that is not hierarchical, whose grids the usual strides do not say, or of one
  /// whose levels are aligned on another grid; nil for others, and where the recipe names its taps.
  private var unusualTaps: LevelTaps? {
    guard backbone.taps == nil, let specification = Backbones.named(backbone.name),
      !specification.isHierarchical || backbone.grid != .coarsest
    else { return nil }
    return (try? requestedLevels(of: specification)) ?? specification.defaultLevels
  }

  /// The levels that the recipe names, or that its method asks for; nil for the backbone's usual ones.
  private func requestedLevels(
    of specification: any BackboneSpecification
  ) throws -> LevelTaps? {
    if let taps = backbone.taps { return taps }
    guard case .levels(let strides)? = definition?.features(by: settings) else { return nil }
    return try specification.levels(atStrides: strides)
  }

  /// The frozen half that this recipe asks for; of several backbones one beside the other.
  ///
  /// - Throws: when no such backbone is known, or it has no such taps.
  public func trunk() throws -> Trunk {
    let parts = parts
    if parts.count > 1 {
      return try parts[0].trunk().joined(by: parts.dropFirst().map { try $0.trunk() })
    }
    guard let specification = Backbones.named(backbone.name) else {
      let known = Backbones.all.map(\.name).joined(separator: ", ")
      throw NetworkError("the backbone '\(backbone.name)' is unknown; known are \(known)")
    }
    let pools = features.pool
    let arrangement: Trunk.Arrangement =
      switch definition?.features(by: settings) ?? .aligned {
      case .aligned: .aligned(pools: pools, grid: backbone.grid)
      case .levels: .levels(pools: pools)
      case .tokens: .tokens(pools: pools)
      }
    return try Trunk(
      specification, taps: requestedLevels(of: specification), padding: backbone.padding,
      imageSize: backbone.imageSize, arrangement: arrangement)
  }

  /// The method, made for the maps of `trunk`.
  ///
  /// - Throws: when there is no such method, or the maps are not those that it takes.
  public func detectingMethod(_ trunk: Trunk) throws -> any AnomalyMethod {
    guard let definition else { throw NetworkError("the method '\(method)' is not built") }
    return try definition.made(by: settings, trunk: trunk, context: context)
  }

  /// The fraction of each category's pictures to hold out of training.
  /// - Parameter scenes: how many scenes the pictures show (``PictureSurvey``): copies count once.
  public func heldOutFraction(scenes: Int) -> Double {
    switch training.holdout {
    case .fraction(let share): return share
    case .auto:
      let tenth = Int((HoldoutShare.usual * Double(scenes)).rounded())
      let isEnough = tenth >= Threshold.pictures(for: calibration.falseAlarmRate)
      return isEnough || training.keep == .best || !canCrossFit ? HoldoutShare.usual : 0
    }
  }

  /// Whether the method, as it is set, may inspect in 16-bit brain floats.
  public var mayInspectInBF16: Bool {
    var asked = self
    asked.scoring.precision = .bf16
    return asked.issues().isEmpty
  }

  /// Whether the method, as it is set, can be trained on parts of the pictures.
  private var canCrossFit: Bool {
    var parts = self
    (parts.training.holdout, parts.training.crossFit.folds) = (0, max(2, training.folds))
    return parts.issues().isEmpty
  }

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
    var check = SettingCheck()
    definition?.check(any: settings, grids: grids, &check)
    guard check.issues.isEmpty else { throw RecipeProblem(file: nil, issues: check.issues) }
  }

  /// What is wrong with the values.
  func issues() -> [SettingIssue] {
    var check = SettingCheck()
    if definition == nil {
      check.add(
        "method",
        "'\(method)' is not built; \(methods.names.joined(separator: ", ")) are"
          + Spelling.hint(for: method, among: methods.names))
    }
    check.within("backbone") { backbone.check(&$0) }
    if backbone.grid != .coarsest, let needed = definition?.features(by: settings),
      needed != .aligned
    {
      check.add(
        "backbone.grid", "\(title) takes each level by itself; only what aligns them has this key")
    }
    definition?.check(any: settings, in: context, &check)
    checkEnsemble(&check)
    check.within("training") { training.check(&$0) }
    check.within("scoring") {
      $0.range("pool", scoring.pool, 1...lookedAtSide)
      scoring.check(&$0)
    }
    check.within("calibration") { calibration.check(&$0) }
    return check.issues
  }
}

extension SeededGenerator {
  /// `count` of the numbers 0 ..< `total`, ascending, each set equally likely (selection sampling:
  /// Knuth, The Art of Computer Programming, 3.4.2, algorithm S).
  package mutating func drawing(_ count: Int, of total: Int) -> [Int] {
    guard count < total else { return Array(0..<total) }
    var drawn: [Int] = []
    drawn.reserveCapacity(count)
    for number in 0..<total where below(total - number) < count - drawn.count {
      drawn.append(number)
    }
    return drawn
  }
}
