import Foundation

/// Metrics as their definitions read, threshold by threshold, for comparison.
enum Naive {
  /// Thresholds: every distinct score, highest first; flagged are the scores at or above it.
  static func thresholds(_ scores: [Float]) -> [Float] { Set(scores).sorted(by: >) }

  static func auroc(_ scores: [Float], _ labels: [Bool]) -> Double {
    var (won, pairs) = (0.0, 0.0)
    for (score, label) in zip(scores, labels) where label {
      for (other, otherLabel) in zip(scores, labels) where !otherLabel {
        won += score > other ? 1 : score == other ? 0.5 : 0
        pairs += 1
      }
    }
    return won / pairs
  }

  static func averagePrecision(_ scores: [Float], _ labels: [Bool]) -> Double {
    var (sum, recallBefore) = (0.0, 0.0)
    for threshold in thresholds(scores) {
      let count = counts(scores, labels, threshold)
      let recall = count.true / (count.true + count.missed)
      sum += (recall - recallBefore) * count.true / (count.true + count.false)
      recallBefore = recall
    }
    return sum
  }

  static func f1Max(_ scores: [Float], _ labels: [Bool]) -> Double {
    thresholds(scores).map {
      let count = counts(scores, labels, $0)
      return 2 * count.true / (2 * count.true + count.false + count.missed)
    }.max() ?? 0
  }

  static func counts(
    _ scores: [Float], _ labels: [Bool], _ threshold: Float
  ) -> (true: Double, false: Double, missed: Double) {
    var count = (true: 0.0, false: 0.0, missed: 0.0)
    for (score, label) in zip(scores, labels) {
      if score >= threshold {
        if label { count.true += 1 } else { count.false += 1 }
      } else if label {
        count.missed += 1
      }
    }
    return count
  }

  /// Regions by flooding: which region each pixel is in, −1 for none.
  static func flood(_ mask: [UInt8], _ width: Int, _ height: Int) -> [Int] {
    var region = Array(repeating: -1, count: mask.count)
    var found = 0
    for seed in mask.indices where mask[seed] != 0 && region[seed] < 0 {
      var waiting = [seed]
      region[seed] = found
      while let pixel = waiting.popLast() {
        for row in max(0, pixel / width - 1)...min(height - 1, pixel / width + 1) {
          for column in max(0, pixel % width - 1)...min(width - 1, pixel % width + 1) {
            let next = row * width + column
            if mask[next] != 0 && region[next] < 0 {
              region[next] = found
              waiting.append(next)
            }
          }
        }
      }
      found += 1
    }
    return region
  }

  static func aupro(
    maps: [[Float]], masks: [[UInt8]], width: Int, height: Int, limit: Double
  ) -> Double {
    var regions: [[Float]] = []
    var normal: [Float] = []
    for (map, mask) in zip(maps, masks) {
      let region = flood(mask, width, height)
      for wanted in 0..<((region.max() ?? -1) + 1) {
        regions.append(map.indices.filter { region[$0] == wanted }.map { map[$0] })
      }
      normal += map.indices.filter { region[$0] < 0 }.map { map[$0] }
    }
    var (area, before) = (0.0, (rate: 0.0, overlap: 0.0))
    for threshold in thresholds(maps.flatMap { $0 }) {
      let rate = Double(normal.count { $0 >= threshold }) / Double(normal.count)
      let overlap =
        regions.map { region in
          Double(region.count { $0 >= threshold }) / Double(region.count)
        }.reduce(0, +) / Double(regions.count)
      if rate > limit {
        let share = (limit - before.rate) / (rate - before.rate)
        let cut = before.overlap + share * (overlap - before.overlap)
        return (area + (limit - before.rate) * (before.overlap + cut) / 2) / limit
      }
      area += (rate - before.rate) * (before.overlap + overlap) / 2
      before = (rate, overlap)
    }
    return area / limit
  }
}

/// SplitMix64: the same numbers on every machine.
struct Draws: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A standard normal number (Box–Muller).
  mutating func normal() -> Double {
    let radius = (-2 * log(Double.random(in: 0x1p-53..<1, using: &self))).squareRoot()
    return radius * cos(2 * .pi * Double.random(in: 0..<1, using: &self))
  }
}
