extension URANetRecipe {
  func check(_ check: inout RecipeCheck) {
    check.transformer(
      "uranet", hidden: hidden, heads: heads, feedforward: feedforward, dropout: 0)
    check.range("uranet.blocks", blocks, 0...24)
    check.range("uranet.prototypes", prototypes, 0...65536)
    check.range("uranet.window", window, 0...4096)
    check.range("uranet.kappa", kappa, 0...100)
    check.range("uranet.floor", floor, 0...1)
    if compared == .uniform, floor == 0 {
      check.add(
        "uranet.compared", "uniform, where floor is 0, compares a token with itself; use region")
    }
    check.range("uranet.smoothing", smoothing, 0...64)
    check.fraction("uranet.topShare", topShare, below: 1)
    check.range("uranet.cosine", cosine, 0...1000)
    check.range("uranet.jitter", jitter, 0...1000)
    perception.check(&check)
    synthesis.check(&check)
  }
}

extension PerceptionRecipe {
  func check(_ check: inout RecipeCheck) {
    check.range("uranet.perception.width", width, 2...65536)
    check.fraction("uranet.perception.deviation", deviation, below: 10)
    check.fraction("uranet.perception.prior", prior, below: 10)
    check.range("uranet.perception.divergence", divergence, 0...1000)
    check.range("uranet.perception.samples", samples, 0...1000)
    if samples == 1 {
      check.add("uranet.perception.samples", "1 draw has no spread; 2 or more, or 0")
    }
    if samples > 0, head == .deterministic {
      check.add(
        "uranet.perception.samples", "a deterministic head has nothing to draw from; use 0")
    }
    check.range("uranet.perception.dice", dice, 0...1000)
    check.range("uranet.perception.weight", weight, 0...1000)
    check.fraction("uranet.perception.suspicious", suspicious, below: 1)
    if uncertainty == .epistemic, head == .deterministic {
      check.add(
        "uranet.perception.uncertainty",
        "a deterministic head is always certain of its weights; use total")
    }
  }
}

extension SynthesisRecipe {
  func check(_ check: inout RecipeCheck) {
    if sources.isEmpty {
      check.add(
        "uranet.synthesis.sources", "the list is empty; enabled: false makes no anomalies")
    } else if Set(sources).count < sources.count {
      check.add("uranet.synthesis.sources", "a source is named twice")
    }
    check.range("uranet.synthesis.untouched", untouched, 0...1)
    check.range("uranet.synthesis.octaves", octaves, 1...8)
    check.range("uranet.synthesis.frequency", frequency, 1...64)
    check.range("uranet.synthesis.rotation", rotation, 0...180)
    check.range("uranet.synthesis.threshold", threshold, -1...1)
    if blend.count != 2 || blend.contains(where: { $0 < 0 || $0 > 1 }) || blend[0] > blend[1] {
      check.add(
        "uranet.synthesis.blend", "two numbers from 0 to 1, the smaller first, as [0.2, 1]")
    }
    check.range("uranet.synthesis.jitter", jitter, 0...1000)
  }
}
