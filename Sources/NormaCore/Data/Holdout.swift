import Foundation

/// Parts of the normal training pictures that training does not see, so that thresholds and the
/// choice of an epoch rest on pictures that are new to the network. Pictures of one scene go together: of
/// a scene that was trained on, no picture is new.
public enum Holdout {
  /// Holds out a fraction of each category, chosen by the seed. The choice depends on the
  /// category's own pictures only: another category more or less changes nothing.
  /// - Parameters:
  ///   - scenes: of every sample the number of its scene (``PictureSurvey/scenes``); nil: each is one of
  ///     its own.
  ///   - fraction: of each category's scenes, rounded, and at least one where it is above 0; one scene of
  ///     each category always stays in training, and where others can go, so does one of more than a
  ///     quarter of its pictures.
  /// - Returns: both parts, sorted by category, then path.
  public static func split(
    _ samples: [Sample], scenes: [Int]? = nil, fraction: Double, seed: UInt64
  ) -> (training: [Sample], heldOut: [Sample]) {
    var training: [Sample] = []
    var heldOut: [Sample] = []
    for (category, members) in byCategory(samples, scenes) {
      let order = shuffled(members.count, category: category, seed: seed)
      let wanted = fraction > 0 ? Int(max(1, (Double(members.count) * fraction).rounded())) : 0
      // The last stays in training, and so does a scene that is a large part of all there is.
      let total = members.reduce(0) { $0 + $1.count }
      let free = order.dropLast().filter { members[$0].count <= max(1, total / 4) }
      var chosen = Set(free.prefix(wanted))
      if wanted > 0, chosen.isEmpty,
        let least = order.dropLast().min(by: {
          members[$0].count < members[$1].count
        })
      {
        chosen.insert(least)
      }
      for (scene, samples) in members.enumerated() {
        if chosen.contains(scene) { heldOut += samples } else { training += samples }
      }
    }
    return (training.sortedByPath(), heldOut.sortedByPath())
  }

  /// Parts for cross-fitting: each picture is held out in exactly one of them, where its category
  /// has two scenes or more; a single scene stays in training everywhere.
  /// - Parameters:
  ///   - scenes: as for ``split(_:scenes:fraction:seed:)``.
  ///   - count: at least 2 parts; fewer of a category's scenes than parts leave some parts without a
  ///     held-out picture of it.
  public static func folds(
    _ samples: [Sample], scenes: [Int]? = nil, count: Int, seed: UInt64
  ) -> [(training: [Sample], heldOut: [Sample])] {
    var folds = [(training: [Sample], heldOut: [Sample])](repeating: ([], []), count: max(count, 2))
    for (category, members) in byCategory(samples, scenes) {
      let order = shuffled(members.count, category: category, seed: seed)
      var part = [Int](repeating: -1, count: members.count)
      if members.count > 1 {
        for (place, scene) in order.enumerated() { part[scene] = place % folds.count }
      }
      for (scene, samples) in members.enumerated() {
        for fold in folds.indices {
          if part[scene] == fold {
            folds[fold].heldOut += samples
          } else {
            folds[fold].training += samples
          }
        }
      }
    }
    return folds.map { ($0.training.sortedByPath(), $0.heldOut.sortedByPath()) }
  }

  /// The samples of each category by scene, scenes in the order of their first path.
  private static func byCategory(
    _ samples: [Sample], _ scenes: [Int]?
  ) -> [(String, [[Sample]])] {
    Dictionary(grouping: samples.indices, by: { samples[$0].category }).sorted { $0.key < $1.key }
      .map { category, members in
        let members = members.sorted { samples[$0].path < samples[$1].path }
        var places: [Int: Int] = [:]
        var found: [[Sample]] = []
        for index in members {
          let scene = scenes?[index] ?? index
          if let place = places[scene] {
            found[place].append(samples[index])
          } else {
            places[scene] = found.count
            found.append([samples[index]])
          }
        }
        return (category, found)
      }
  }

  private static func shuffled(_ count: Int, category: String, seed: UInt64) -> [Int] {
    var generator = SeededGenerator(seed: seed, stream: "holdout \(category)")
    var order = Array(0..<count)
    generator.shuffle(&order)
    return order
  }
}

extension [Sample] {
  /// By category, then path.
  fileprivate func sortedByPath() -> [Sample] {
    sorted { ($0.category, $0.path) < ($1.category, $1.path) }
  }
}

extension Array {
  /// At most `count` of the elements, in their order and evenly over it.
  package func spread(_ count: Int) -> [Element] {
    guard count < self.count else { return self }
    return (0..<Swift.max(0, count)).map { self[$0 * self.count / count] }
  }
}

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
