import Foundation
import Networks
import NormaTraining
import Testing
import Torch

struct FeatureSynthesisTests {
  private static let grid = Grid(height: 10, width: 8)
  private static let count = 80
  private static let channels = 5

  private func configuration(
    _ change: (inout URANetSettings.Synthesis) -> Void = { _ in }
  ) -> URANetSettings.Synthesis {
    var c = URANetSettings.Synthesis()
    change(&c)
    return c
  }

  private func sample(
    _ c: URANetSettings.Synthesis, pictures: Int = 40, seed: UInt64 = 1,
    tokens: Tensor? = nil
  ) throws -> (tokens: [Float], mask: [Float], normal: [Float]) {
    let normal = try tokens ?? Generator(seed: 99).normal([pictures, Self.count, Self.channels])
    let made = try FeatureSynthesis(c, grid: Self.grid)(
      normal, generator: Generator(seed: seed))
    #expect(made.mask.shape == [normal.shape[0], Self.count, 1])
    return (try made.tokens.floats(), try made.mask.floats(), try normal.floats())
  }

  @Test func theSeedDecidesEverything() throws {
    let first = try sample(configuration())
    let again = try sample(configuration())
    let other = try sample(configuration(), seed: 2)
    #expect(first.tokens == again.tokens && first.mask == again.mask)
    #expect(first.tokens != other.tokens && first.mask != other.mask)
  }

  @Test func onlyTheMaskIsTouchedAndAllOfItIs() throws {
    let made = try sample(configuration { $0.untouched = 0.3 })
    #expect(made.mask.allSatisfy { $0 == 0 || $0 == 1 })
    for (token, flag) in made.mask.enumerated() {
      let range = token * Self.channels..<(token + 1) * Self.channels
      let isSame = Array(made.tokens[range]) == Array(made.normal[range])
      #expect(isSame == (flag == 0))
    }
  }

  @Test func theShareThatStaysNormalIsTheOneAskedFor() throws {
    func touched(_ share: Double) throws -> Int {
      let mask = try sample(configuration { $0.untouched = share }, pictures: 400).mask
      return (0..<400).count { mask[$0 * Self.count..<($0 + 1) * Self.count].contains(1) }
    }
    #expect(try touched(0) == 400)
    #expect(try touched(1) == 0)
    // Within four standard deviations of 280.
    #expect(abs(try touched(0.3) - 280) < 37)
  }

  @Test func aHigherThresholdFlagsLess() throws {
    func share(_ threshold: Double) throws -> Double {
      let mask = try sample(
        configuration { ($0.threshold, $0.untouched) = (threshold, 0) }, pictures: 200
      ).mask
      return Double(mask.count { $0 == 1 }) / Double(mask.count)
    }
    let (low, middle, high) = (try share(0), try share(0.3), try share(0.6))
    #expect(low > 0.35 && low < 0.65, "noise is as often above 0 as below: \(low)")
    #expect(low > middle && middle > high && high > 0)
    // Nowhere above 1: one token a sample.
    #expect(try share(1) == 1 / Double(Self.count))
  }

  @Test func masksAreConnectedPatchesNotSpecks() throws {
    let mask = try sample(configuration { $0.untouched = 0 }, pictures: 100).mask
    var (same, pairs) = (0, 0)
    for picture in 0..<100 {
      for row in 0..<Self.grid.height {
        for column in 0..<Self.grid.width - 1 {
          let token = picture * Self.count + row * Self.grid.width + column
          guard mask[token] == 1 else { continue }
          pairs += 1
          if mask[token + 1] == 1 { same += 1 }
        }
      }
    }
    let flagged = Double(mask.count { $0 == 1 }) / Double(mask.count)
    // Neighbours agree far more often than tokens flagged at random would.
    #expect(Double(same) / Double(pairs) > 2 * flagged)
  }

  @Test func ownTokensArePermuted() throws {
    let made = try sample(
      configuration {
        ($0.sources, $0.blend, $0.untouched, $0.threshold) = ([.own], [1, 1], 0, -1)
      }, pictures: 3)
    for picture in 0..<3 {
      let rows = picture * Self.count..<(picture + 1) * Self.count
      func vectors(_ values: [Float]) -> [[Float]] {
        rows.map { Array(values[$0 * Self.channels..<($0 + 1) * Self.channels]) }
      }
      // β = 1 leaves F + (T − F), which is T but for rounding.
      let normal = vectors(made.normal)
      for token in vectors(made.tokens) {
        #expect(
          normal.contains { zip($0, token).allSatisfy { abs($0 - $1) < 1e-5 } })
      }
      #expect(vectors(made.tokens) != normal)
    }
  }

  @Test func otherTokensComeFromTheFartherPictures() throws {
    // Two categories: around +10 and around −10; the first token's sign tells which.
    var values = try Generator(seed: 3).normal([8, Self.count, Self.channels]).floats()
    for index in values.indices {
      values[index] += index / (Self.count * Self.channels) < 4 ? 10 : -10
    }
    let tokens = try Tensor(values, shape: [8, Self.count, Self.channels])
    let made = try sample(
      configuration {
        ($0.sources, $0.blend, $0.untouched) = ([.other], [1, 1], 0)
      }, tokens: tokens)
    for (token, flag) in made.mask.enumerated() {
      let isUp = token / Self.count < 4
      #expect((made.tokens[token * Self.channels] > 0) == (flag == 1 ? !isUp : isUp))
    }
  }

  @Test func textureIsPastedFromTheTwinInPlaceOrShuffled() throws {
    // Each token says whose it is, and the twin's what place it had.
    let places = (0..<20 * Self.count).flatMap { token in
      (0..<Self.channels).map { Float($0 == 0 ? 1000 + token : 0) }
    }
    let tokens = try Tensor(repeating: -1, shape: [20, Self.count, Self.channels])
    let twins = try Tensor(places, shape: [20, Self.count, Self.channels])
    let made = try FeatureSynthesis(
      configuration {
        ($0.sources, $0.blend, $0.untouched) = ([.other, .noise, .own, .texture], [1, 1], 0)
        $0.jitter = 0
      }, grid: Self.grid
    )(tokens, textured: twins, generator: Generator(seed: 4))
    let (values, mask) = (try made.tokens.floats(), try made.mask.floats())
    var (inPlace, shuffled) = (0, 0)
    for picture in 0..<20 {
      let flagged = (picture * Self.count..<(picture + 1) * Self.count).filter { mask[$0] == 1 }
      let found = flagged.map { Int(values[$0 * Self.channels].rounded()) - 1000 }
      // The other sources paste what was there.
      guard let first = found.first, first >= 0 else { continue }
      #expect(found.allSatisfy { $0 / Self.count == picture }, "of the picture's own twin")
      #expect(Set(found).count == found.count)
      if found == flagged { inPlace += 1 } else { shuffled += 1 }
    }
    #expect(inPlace > 0 && shuffled > 0, "\(inPlace) in place, \(shuffled) shuffled")
  }

  @Test func textureWithoutTwinsIsRefused() throws {
    let refused = #expect(throws: TrainerError.self) {
      try sample(configuration { $0.sources = [.noise, .texture] })
    }
    #expect(refused?.description.contains("textured twins") == true)
  }

  @Test func aBatchOfOneHasNoOtherAndUsesItself() throws {
    let made = try sample(
      configuration { ($0.sources, $0.untouched) = ([.other], 0) }, pictures: 1)
    #expect(made.mask.contains(1))
  }

  @Test func theNoiseHasTheJittersScale() throws {
    let made = try sample(
      configuration {
        ($0.sources, $0.blend, $0.untouched, $0.threshold, $0.jitter) = (
          [.noise], [1, 1], 0, -1, 10
        )
      }, pictures: 30)
    var (sum, count) = (0.0, 0)
    for token in 0..<30 * Self.count where made.mask[token] == 1 {
      let range = token * Self.channels..<(token + 1) * Self.channels
      let norm = made.normal[range].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
      for index in range {
        let noise = Double(made.tokens[index] - made.normal[index])
        let unit = noise / (norm / Double(Self.channels) * 10)
        sum += unit * unit
        count += 1
      }
    }
    #expect(abs(sum / Double(count) - 1) < 0.05)
  }

  @Test func theBlendLiesInItsRange() throws {
    // T = −F makes the share visible: a token becomes (1 − 2β)·F.
    let up = try Tensor(repeating: 1, shape: [1, Self.count, Self.channels])
    let down = try Tensor(repeating: -1, shape: [1, Self.count, Self.channels])
    let made = try sample(
      configuration {
        ($0.sources, $0.blend, $0.untouched) = ([.other], [0.25, 0.75], 0)
      }, tokens: Tensor.concatenated([up, down], axis: 0))
    for (token, flag) in made.mask.enumerated() where flag == 1 {
      let value = made.tokens[token * Self.channels] * (token < Self.count ? 1 : -1)
      #expect(value > 1 - 2 * 0.751 && value < 1 - 2 * 0.249)
    }
  }
}
