import Foundation

/// The one seeded source of random numbers outside the engines: SplitMix64 (Steele, Lea and Flood,
/// 2014). The same seed gives the same numbers on every machine and in every release, which the
/// standard library's shuffling does not promise.
public struct SeededGenerator: RandomNumberGenerator, Sendable, Hashable, Codable {
  /// Everything it knows; kept in a checkpoint, it goes on where it was.
  public private(set) var state: UInt64

  public init(seed: UInt64) { state = seed }

  /// A stream of its own for each purpose or category, so that one more of them changes no other.
  /// - Parameter stream: its name.
  public init(seed: UInt64, stream: String) {
    // FNV-1a of the name moves the starting point.
    let hash = stream.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01B3
    }
    state = seed
    state = next() ^ hash
    state = next()
  }

  /// 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  /// Uniform in 0 ..< 1, of 53 random bits.
  public mutating func uniform() -> Double {
    Double(next() >> 11) * 0x1p-53
  }

  /// Uniform in `range`.
  public mutating func uniform(in range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
  }

  /// Standard normal (Box and Muller, 1958).
  public mutating func normal() -> Double {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * Double.pi * uniform())
  }

  /// A whole number in 0 ..< `bound`, each equally likely; `bound` is at least 1.
  public mutating func below(_ bound: Int) -> Int {
    let bound = UInt64(max(1, bound))
    let limit = UInt64.max - UInt64.max % bound
    while true {
      let bits = next()
      if bits < limit { return Int(bits % bound) }
    }
  }

  /// Puts the elements in random order (Fisher and Yates).
  public mutating func shuffle<Element>(_ elements: inout [Element]) {
    guard elements.count > 1 else { return }
    for last in stride(from: elements.count - 1, to: 0, by: -1) {
      elements.swapAt(last, below(last + 1))
    }
  }
}
