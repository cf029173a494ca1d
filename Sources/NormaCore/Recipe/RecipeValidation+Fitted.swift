extension Recipe {
  func checkPatchCore(_ check: inout RecipeCheck) {
    check.fraction("patchcore.share", patchcore.share, below: 1)
    check.range("patchcore.limit", patchcore.limit, 1...1_000_000)
    check.range("patchcore.candidates", patchcore.candidates, 1...10_000_000)
    check.range("patchcore.projection", patchcore.projection, 0...4096)
    check.range("patchcore.smoothing", patchcore.smoothing, 0...64)
    // With one neighbour, the nearest itself, every score would be 0.
    check.range("patchcore.neighbours", patchcore.neighbours, 2...64)
    if scoring.precision == .bf16 {
      check.add(
        "scoring.precision",
        "patchcore's distances are small differences of large numbers, which bf16 rounds away; f32")
    }
    if training.crossFit.folds > 0, patchcore.share > 0.5 {
      check.add(
        "patchcore.share",
        "\(patchcore.share.yaml) is too much for cross-fitting: most pictures would find themselves "
          + "in the bank; up to 0.5, or hold pictures out")
    }
  }

  func checkPaDiM(_ check: inout RecipeCheck) {
    check.range("padim.dimensions", padim.dimensions, 1...4096)
    check.fraction("padim.epsilon", padim.epsilon, below: 1000)
    check.range("padim.smoothing", padim.smoothing, 0...64)
  }

  /// PaDiM keeps d × d numbers a position.
  func checkPaDiMSize(grid: Int, _ check: inout RecipeCheck) {
    let mebibytes = (grid * grid * padim.dimensions * padim.dimensions * 4) >> 20
    guard mebibytes > 512 else { return }
    check.add(
      "padim.dimensions",
      "\(padim.dimensions) channels on a \(grid)×\(grid) grid make a model of \(mebibytes) MiB; "
        + "up to 512 MiB: fewer dimensions, or smaller pictures")
  }
}
