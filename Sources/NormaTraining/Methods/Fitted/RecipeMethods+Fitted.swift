import Networks
import NormaCore

extension Recipe {
  /// PatchCore, made for the aligned map of `trunk`.
  func patchCoreMethod(_ trunk: Trunk) throws -> PatchCoreMethod {
    let aligned = try alignedOutput(trunk)
    var method = PatchCoreMethod(channels: aligned.channels, grid: aligned.grid)
    method.coreset.selection = patchcore.coreset == .random ? .random : .farthest
    method.coreset.share = patchcore.share
    method.coreset.limit = patchcore.limit
    method.coreset.candidates = patchcore.candidates
    method.coreset.projection = patchcore.projection
    method.smoothing = patchcore.smoothing
    method.score =
      patchcore.score == .reweighted ? .reweighted(neighbours: patchcore.neighbours) : .pooled
    method.scorePooling = scoring.pool
    return method
  }

  /// PaDiM, made for the aligned map of `trunk`. Which channels it looks at is drawn from the recipe's
  /// seed; a map that has no more than are asked for gives all.
  func padimMethod(_ trunk: Trunk) throws -> PaDiMMethod {
    let aligned = try alignedOutput(trunk)
    var generator = SeededGenerator(seed: UInt64(training.seed), stream: "channels")
    var method = PaDiMMethod(
      selected: generator.drawing(padim.dimensions, of: aligned.channels), grid: aligned.grid)
    method.epsilon = padim.epsilon
    method.smoothing = padim.smoothing
    method.scorePooling = scoring.pool
    return method
  }
}
