import Norma
import NormaCore
import NormaTraining

/// Which precision a new model inspects in where its recipe leaves that open: bf16 where this processor computes
/// in it and it agrees with float32 on normal pictures, those that were held out where some were.
///
/// It agrees when
/// - no picture's level, which is 1 at the threshold, moves by more than ``levelChange``, once the factor is taken
///   out by which a whole category scores higher or lower, for thresholds are set in the same precision;
/// - the pictures of a category are ordered alike, Spearman's ρ being at least ``rankCorrelation``;
/// - the maps are off by no more than ``mapDeviation`` of their own deviation, so that they show the same places.
///
/// Nothing is timed: the same processor makes the same choice.
package struct PrecisionChoice {
  package static let levelChange = 0.02
  package static let rankCorrelation = 0.99
  package static let mapDeviation = 0.1
  /// So many pictures are looked at, at most, as evenly as it goes over the categories.
  static let pictures = 128

  private let trained: TrainedDetector
  private let graph: RecordedGraph
  private let reader: PictureReader
  private let context: JobContext
  private let stopped: String

  init(
    _ trained: TrainedDetector, graph: RecordedGraph, reader: PictureReader, _ context: JobContext,
    stopped: String
  ) {
    (self.trained, self.graph, self.reader) = (trained, graph, reader)
    (self.context, self.stopped) = (context, stopped)
  }

  /// Says which it is, and why.
  /// - Throws: `Interrupted` when a stop is requested; what the engine throws.
  func chosen() throws -> ModelPrecision {
    guard trained.recipe.mayInspectInBF16 else {
      context.note("Inspects in float32: \(trained.recipe.title) does not work in bf16.")
      return .f32
    }
    let fast = try detector(.bf16)
    guard fast.precision == .bf16, try fast.executionPrecision().lowercased() == "bf16" else {
      context.note(
        "Inspects in float32: "
          + (fast.caution ?? "this processor does not compute in bf16") + ".")
      return .f32
    }
    let (comparison, count) = try compared(fast)
    let obstacles = Self.obstacles(comparison)
    let seen =
      "on \(counted(count, trained.pictures.heldOut.isEmpty ? "training picture" : "held-out picture"))"
    guard obstacles.isEmpty else {
      context.note("Inspects in float32: \(seen) bf16 \(obstacles.joined(separator: " and ")).")
      return .f32
    }
    context.note(
      "Inspects in bf16: \(seen) it agrees with float32 (levels move by "
        + "\(Figures.number(comparison.levelChange, digits: 2)) at the most, ranks correlate by "
        + "\(Figures.number(comparison.rankCorrelation, digits: 4))).")
    return .bf16
  }

  /// What speaks against the precision; empty where it agrees.
  package static func obstacles(_ comparison: PrecisionComparison) -> [String] {
    var found: [String] = []
    let (level, ranks) = (comparison.levelChange, comparison.rankCorrelation)
    if level > levelChange {
      found.append(
        "moves levels by up to \(Figures.number(level, digits: 2)), more than \(levelChange)")
    }
    if ranks < rankCorrelation {
      found.append(
        "orders them otherwise (ranks correlate by \(Figures.number(ranks, digits: 3)), less than "
          + "\(rankCorrelation))")
    }
    if comparison.mapDeviation > mapDeviation {
      found.append(
        "changes the maps by \(Figures.terminal.percent(comparison.mapDeviation)) of their deviation, "
          + "more than \(Figures.terminal.percent(mapDeviation))")
    }
    return found
  }

  private func detector(_ precision: ModelPrecision) throws -> Detector {
    try Detector(
      graph: graph.data(), name: "the trained network", imageSize: trained.trunk.imageSize,
      precision: precision == .bf16 ? .bf16 : .f32,
      options: .init(cacheFolder: try? context.cacheFolder("openvino")),
      reference: graph.reference())
  }

  private func compared(_ fast: Detector) throws -> (PrecisionComparison, count: Int) {
    let all =
      trained.pictures.heldOut.isEmpty ? trained.pictures.training : trained.pictures.heldOut
    let samples = PrecisionJob.spread(all, over: Self.pictures)
    let (exact, fast) = (try detector(.f32).session(), try fast.session())
    let stage = context.stage("Comparing bf16 with float32", total: samples.count, unit: "pictures")
    defer { stage.clear() }
    var comparison = PrecisionComparison()
    for (index, sample) in samples.enumerated() {
      try context.check(stopped)
      let picture = try reader.read(sample.path, size: trained.trunk.imageSize)
      try comparison.add(
        exact.detect(picture, name: sample.path), fast.detect(picture, name: sample.path),
        category: sample.category)
      stage.update(index + 1)
    }
    stage.finish()
    return (comparison, samples.count)
  }
}
