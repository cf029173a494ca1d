import Foundation

/// What the features of a set of normal pictures say of it before anything is trained on them: which
/// pictures show one scene several times, and which seem to be of another product.
///
/// A burst, a video or a file that was saved twice makes many pictures of one scene. They count once: the
/// network has seen a picture whose copy it was trained on, so that a threshold by it would be too low.
public struct PictureSurvey: Sendable, Equatable {
  /// Of every picture, the number of its scene: the index of the scene's first picture.
  public let scenes: [Int]
  /// Pictures that may not belong to their category, the most doubtful first.
  public let strays: [Stray]

  /// A picture that may not belong to its category.
  public struct Stray: Sendable, Equatable {
    /// Its index among the pictures.
    public var picture: Int
    /// The category that it lies nearer to than to its own; nil: it lies far from all.
    public var nearer: String?
    /// How many times as far as its category's middle picture it lies from its own category's mean.
    public var distance: Double

    public init(picture: Int, nearer: String?, distance: Double) {
      (self.picture, self.nearer, self.distance) = (picture, nearer, distance)
    }
  }

  /// - Parameter pictures: each one's category and mean trunk feature, `[channels]`, all of one length.
  /// - Throws: ``CalibrationError`` for features of different lengths or not finite.
  public init(_ pictures: [(category: String, feature: [Float])]) throws {
    var builder = CategoryFeatures.Builder()
    for picture in pictures { try builder.add(picture.feature, category: picture.category) }
    let members = Dictionary(grouping: pictures.indices, by: { pictures[$0].category })
    var scenes = Array(pictures.indices)
    for (_, members) in members {
      let found = Scenes(of: members.map { pictures[$0].feature })
      for (place, scene) in zip(members, found.first) { scenes[place] = members[scene] }
    }
    self.scenes = scenes
    strays = try builder.build().map { Self.strays(pictures, members, $0) } ?? []
  }

  /// How many scenes the pictures show.
  public var sceneCount: Int { Set(scenes).count }

  /// Pictures that show a scene which another picture shows before them.
  public var copies: [Int] { scenes.indices.filter { scenes[$0] != $0 } }

  /// Says how many scenes there are, where they are fewer than the pictures.
  public static func summary(pictures: Int, scenes: Int) -> String {
    "\(counted(pictures, "picture")) of \(counted(scenes, "scene")): near copies of one picture count once."
  }

  /// Of so few pictures nobody can say how far they usually lie.
  private static let fewest = 10

  private static func strays(
    _ pictures: [(category: String, feature: [Float])], _ members: [String: [Int]],
    _ features: CategoryFeatures
  ) -> [Stray] {
    members.flatMap { category, members -> [Stray] in
      // Taken out of its own mean, a picture lies as far as if it were new.
      let count = Double(members.count)
      let stretch = count > 1 ? count / (count - 1) : 1
      let found = members.map { index in
        let all = features.distances(of: pictures[index].feature)
        let own = all.first { $0.category == category }.map { $0.distance * stretch * stretch } ?? 0
        return (index: index, own: own, other: all.first { $0.category != category })
      }
      let usual = found.map(\.own).sorted()
      let middle = max(usual[usual.count / 2], .leastNormalMagnitude)
      let limit = Self.farOut(usual)
      return found.compactMap { index, own, other in
        if let other, other.distance < own {
          return Stray(picture: index, nearer: other.category, distance: own / middle)
        }
        guard members.count >= fewest, own > limit else { return nil }
        return Stray(picture: index, nearer: nil, distance: own / middle)
      }
    }.sorted { ($1.distance, $0.picture) < ($0.distance, $1.picture) }
  }

  /// Beyond this a value is "far out": three times the middle half's width above it (J. W. Tukey, Exploratory
  /// Data Analysis, 1977), of logarithms, since distances are skewed.
  private static func farOut(_ sorted: [Double]) -> Double {
    let logs = sorted.map { log(max($0, .leastNormalMagnitude)) }
    let (low, high) = (logs[logs.count / 4], logs[(logs.count * 3) / 4])
    return exp(high + 3 * (high - low))
  }
}

/// Which of a category's pictures show one scene: those that lie much nearer to each other than two of its
/// pictures usually do, directly or by way of others.
private struct Scenes {
  /// Of every picture the index of its scene's first picture.
  private(set) var first: [Int]
  private let values: [Float]
  private let channels: Int

  /// Two pictures are copies within this share of the usual distance of two (the median over pairs).
  private static let copyShare: Float = 0.15
  /// The usual distance is taken over the pairs of so many pictures.
  private static let sampled = 200

  /// - Parameter features: each picture's, `[channels]`.
  init(of features: [[Float]]) {
    let count = features.count
    // In units of the channel's own spread; what does not vary tells nothing.
    let all = features.first.map { $0.indices } ?? 0..<0
    let scales = all.map { channel in Self.moments(features.map { $0[channel] }) }
    let telling = all.filter { scales[$0].deviation > 0 }
    values = features.flatMap { feature in
      telling.map { (feature[$0] - scales[$0].mean) / scales[$0].deviation }
    }
    channels = telling.count
    first = Array(0..<count)
    guard count > 1 else { return }

    let limit = Self.copyShare * usualDistance(count)
    // A point's distance from the middle differs from its copy's by no more than they lie apart.
    let radii = (0..<count).map { index in
      values[index * channels..<(index + 1) * channels].reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
    let order = radii.indices.sorted { (radii[$0], $0) < (radii[$1], $1) }
    for (place, index) in order.enumerated() {
      for other in order[(place + 1)...] {
        guard radii[other] - radii[index] <= limit else { break }
        if distance(index, other, upTo: limit) <= limit { join(index, other) }
      }
    }
    for index in first.indices { first[index] = scene(of: index) }
  }

  private static func moments(_ values: [Float]) -> (mean: Float, deviation: Float) {
    let count = Double(values.count)
    let mean = values.reduce(0.0) { $0 + Double($1) } / count
    let square = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
    // What rounding alone makes of equal values is no spread.
    let deviation = square.squareRoot()
    return (Float(mean), deviation > 1e-6 * abs(mean) ? Float(deviation) : 0)
  }

  private func usualDistance(_ count: Int) -> Float {
    let chosen = Array(0..<count).spread(Self.sampled)
    let distances = chosen.indices.flatMap { place in
      chosen[(place + 1)...].map { distance(chosen[place], $0, upTo: .infinity) }
    }.sorted()
    return distances[distances.count / 2]
  }

  /// Euclidean; where it is more than `limit`, just more than that.
  private func distance(_ one: Int, _ other: Int, upTo limit: Float) -> Float {
    values.withUnsafeBufferPointer { values in
      var sum: Float = 0
      var channel = 0
      while channel < channels {
        let end = min(channel + 64, channels)
        for place in channel..<end {
          let away = values[one * channels + place] - values[other * channels + place]
          sum += away * away
        }
        if sum > limit * limit { return .infinity }
        channel = end
      }
      return sum.squareRoot()
    }
  }

  private func scene(of index: Int) -> Int {
    var index = index
    while first[index] != index { index = first[index] }
    return index
  }

  /// The earlier picture names both scenes.
  private mutating func join(_ one: Int, _ other: Int) {
    let (one, other) = (scene(of: one), scene(of: other))
    first[max(one, other)] = min(one, other)
  }
}
