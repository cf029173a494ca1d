import Foundation

/// What of pictures is compared to find copies: `[channels, cells]` each, all of one length.
public struct PictureDetails {
  /// Cells of a channel.
  public let cells: Int
  /// The values of the picture at an index; asked for when they are needed, for those of a large set fill
  /// the memory.
  public let values: (Int) -> [Float]

  public init(cells: Int, values: @escaping (Int) -> [Float]) {
    (self.cells, self.values) = (cells, values)
  }
}

/// Which of a category's pictures show one scene: those that depart from the category's mean in the same way.
///
/// How two pictures depart is compared by the likeness 2 a·b / (a·a + b·b) of their differences a and b from the
/// mean (the correlation of pictures that depart equally far), once the three
/// principal directions are taken out in which the category's pictures commonly vary (light, a label, a
/// rotation): two different bottles under the same light are no copies. Pictures are joined by average
/// linkage (R. R. Sokal and C. D. Michener, 1958), which does not chain what is only a little alike.
///
/// Thresholds were chosen on thirty pictures of each of five products, taken ten times with noise, light and
/// place a little changed, against 160 different pictures of each (docs/thresholds.md).
struct Scenes {
  /// Of every picture the index of its scene's first picture.
  private(set) var first: [Int]
  /// How many groups of much alike pictures there are, where they are so few and so large that they may be
  /// variants of a product; nil where they are not.
  private(set) var variants: Int?

  /// Groups are joined down to this mean likeness of details, and of mean features, which tell less.
  static let (likenessOfDetails, likenessOfMeans): (Float, Float) = (0.45, 0.6)
  /// So much alike before anything is taken out are only copies.
  private static let certain: Float = 0.9
  /// Common directions that are taken out, and of how many pictures one is known.
  private static let (directions, picturesOfADirection) = (3, 10)
  /// Groups stand clear of each other where this likeness leaves no fewer.
  private static let loose: Float = 0.25
  /// Fewer groups than these, of more pictures each, are taken for variants of a product (two fixtures, three
  /// labels), whose pictures differ; whether they are, nobody can tell by their features.
  private static let fewScenes = 10
  /// Where pictures vary in fewer directions than this, two come to lie close by chance.
  private static let fewDirections: Float = 2
  /// Of more pictures only so many neighbours by name are compared with each other.
  private static let most = 2000

  /// - Parameters:
  ///   - members: which of the pictures, in the order of their names.
  ///   - likeness: see ``likenessOfDetails``.
  ///   - progress: called once for every picture; what it throws ends the comparison.
  init(
    of details: PictureDetails, at members: [Int], likeness: Float, progress: () throws -> Void
  ) rethrows {
    first = []
    var groups = 0
    for start in stride(from: 0, to: members.count, by: Self.most) {
      let block = members[start..<min(start + Self.most, members.count)]
      let found = try Self.groups(
        block.map(details.values), cells: details.cells, likeness, progress)
      groups += Self.count(found)
      first += found.map { $0 + start }
    }
    guard groups < Self.fewScenes, groups * Self.fewScenes < members.count else { return }
    let equal = Self.equalPictures(members.map(details.values))
    // Copies of one file are no variants.
    variants = Self.count(equal) > groups ? groups : nil
    first = equal
  }

  private static func groups(
    _ values: [[Float]], cells: Int, _ likeness: Float, _ progress: () throws -> Void
  ) rethrows -> [Int] {
    guard values.count > 1, let departures = Departures(of: values, cells: cells) else {
      for _ in values { try progress() }
      return values.map { _ in 0 }
    }
    let plain = try departures.products(progress)
    let whole = plain.likenesses()
    let common = min(directions, values.count / picturesOfADirection)
    if common == 0 || plain.effectiveDirections < fewDirections {
      // Nothing but copies that stand clear of each other is told from chance.
      let found = Linkage(whole, downTo: certain).first
      let isClear = count(Linkage(whole, downTo: loose).first) == count(found)
      return isClear ? found : equalPictures(values)
    }
    var particular = plain.without(directions: common).likenesses(wholes: plain)
    for place in particular.values.indices where whole.values[place] > certain {
      particular.values[place] = 1
    }
    return Linkage(particular, downTo: likeness).first
  }

  /// Pictures of the very same values, by their first.
  private static func equalPictures(_ values: [[Float]]) -> [Int] {
    var known: [[Float]: Int] = [:]
    return values.indices.map { place in
      if let first = known[values[place]] { return first }
      known[values[place]] = place
      return place
    }
  }

  private static func count(_ first: [Int]) -> Int { Set(first).count }
}

/// How pictures depart from their mean, each channel in units of its own spread.
private struct Departures {
  private var vectors: [SIMD8<Float>] = []
  private let count: Int
  private let length: Int

  /// A channel's spread counts as this share of the median spread at the least: what hardly varies is noise.
  private static let leastSpread = 0.05
  /// Pictures that vary by less than this share of their values are the same but for rounding.
  private static let rounding = 1e-4

  /// Nil when the pictures do not differ.
  init?(of values: [[Float]], cells: Int) {
    let count = values.count
    self.count = count
    let width = values[0].count
    var mean = [Double](repeating: 0, count: width)
    for value in values { for place in 0..<width { mean[place] += Double(value[place]) } }
    for place in 0..<width { mean[place] /= Double(count) }
    let channels = max(1, width / max(1, cells))
    var squares = [Double](repeating: 0, count: channels)
    var size = 0.0
    for value in values {
      for place in 0..<width {
        let away = Double(value[place]) - mean[place]
        squares[min(channels - 1, place / max(1, cells))] += away * away
        size += Double(value[place]) * Double(value[place])
      }
    }
    guard squares.reduce(0, +) > Self.rounding * Self.rounding * size else { return nil }
    let spreads = squares.map { ($0 / Double(count * max(1, cells))).squareRoot() }
    let least = max(
      Self.leastSpread * spreads.sorted()[channels / 2], .leastNormalMagnitude)
    let length = (width + 7) / 8
    self.length = length
    vectors = Array(repeating: .zero, count: count * length)
    for (index, value) in values.enumerated() {
      for place in 0..<width {
        let spread = max(spreads[min(channels - 1, place / max(1, cells))], least)
        vectors[index * length + place / 8][place % 8] = Float(
          (Double(value[place]) - mean[place]) / spread)
      }
    }
  }

  /// The inner products of all pairs.
  func products(_ progress: () throws -> Void) rethrows -> PairMatrix {
    var matrix = PairMatrix(count: count)
    try vectors.withUnsafeBufferPointer { vectors in
      for one in 0..<count {
        try progress()
        for other in 0...one {
          var sum = SIMD8<Float>.zero
          for place in 0..<length {
            sum += vectors[one * length + place] * vectors[other * length + place]
          }
          matrix[one, other] = sum.sum()
        }
      }
    }
    return matrix
  }
}

/// A number for each pair of pictures, symmetric.
private struct PairMatrix {
  let count: Int
  var values: [Float]

  init(count: Int) {
    self.count = count
    values = Array(repeating: 0, count: count * count)
  }

  subscript(one: Int, other: Int) -> Float {
    get { values[one * count + other] }
    set {
      values[one * count + other] = newValue
      values[other * count + one] = newValue
    }
  }

  /// What is left of a pair of which no more than this share is left is rounding, and alike to nothing.
  private static let rounding: Float = 1e-4

  /// Of inner products the likenesses 2 a·b / (a·a + b·b).
  /// - Parameter wholes: the inner products of what these are the remainders of.
  func likenesses(wholes: PairMatrix? = nil) -> PairMatrix {
    let wholes = wholes ?? self
    var found = self
    for one in 0..<count {
      for other in 0..<count {
        let size = self[one, one] + self[other, other]
        let whole = wholes[one, one] + wholes[other, other]
        found.values[one * count + other] =
          size > Self.rounding * whole ? 2 * self[one, other] / size : 0
      }
    }
    return found
  }

  /// In how many directions the pictures vary: the square of the eigenvalues' sum over the sum of their
  /// squares.
  var effectiveDirections: Float {
    let trace = (0..<count).reduce(Float(0)) { $0 + self[$1, $1] }
    let squares = values.reduce(Float(0)) { $0 + $1 * $1 }
    return squares > 0 ? trace * trace / squares : 0
  }

  /// Inner products without the first principal directions, found by subspace iteration (the eigenvectors of
  /// this matrix are the pictures' places along them).
  func without(directions: Int) -> PairMatrix {
    var draws = SeededGenerator(seed: 0, stream: "directions")
    var basis = (0..<directions).map { _ in (0..<count).map { _ in Float(draws.normal()) } }
    for _ in 0..<30 {
      basis = basis.map(times)
      for place in basis.indices {
        for before in 0..<place {
          let along = Self.dot(basis[place], basis[before])
          for index in 0..<count { basis[place][index] -= along * basis[before][index] }
        }
        let norm = Self.dot(basis[place], basis[place]).squareRoot()
        guard norm > 0 else { continue }
        for index in 0..<count { basis[place][index] /= norm }
      }
    }
    var rest = self
    for vector in basis {
      let image = times(vector)
      let along = Self.dot(vector, image)
      for one in 0..<count {
        for other in 0..<count {
          rest.values[one * count + other] -= along * vector[one] * vector[other]
        }
      }
    }
    return rest
  }

  private func times(_ vector: [Float]) -> [Float] {
    values.withUnsafeBufferPointer { values in
      (0..<count).map { row in
        var sum: Float = 0
        for column in 0..<count { sum += values[row * count + column] * vector[column] }
        return sum
      }
    }
  }

  private static func dot(_ one: [Float], _ other: [Float]) -> Float {
    zip(one, other).reduce(0) { $0 + $1.0 * $1.1 }
  }
}

/// Groups by average linkage.
private struct Linkage {
  /// Of every picture the first of its group.
  private(set) var first: [Int]

  /// - Parameter limit: groups whose mean likeness is below this stay apart.
  init(_ likenesses: PairMatrix, downTo limit: Float) {
    let count = likenesses.count
    var between = likenesses
    var sizes = [Float](repeating: 1, count: count)
    var active = Array(0..<count)
    first = Array(0..<count)
    /// The nearest later group of each, kept until one of the two changes.
    var nearest = [Int](repeating: -1, count: count)
    func look(from one: Int) -> Int {
      var best = -1
      for other in active where other > one {
        if best < 0 || between[one, other] > between[one, best] { best = other }
      }
      return best
    }
    for one in active { nearest[one] = look(from: one) }
    while true {
      var pair: (one: Int, other: Int, value: Float)?
      for one in active where nearest[one] >= 0 {
        let value = between[one, nearest[one]]
        if value > pair?.value ?? -.infinity { pair = (one, nearest[one], value) }
      }
      guard let (one, other, value) = pair, value >= limit else { break }
      let total = sizes[one] + sizes[other]
      for third in active where third != one && third != other {
        between[one, third] =
          (between[one, third] * sizes[one] + between[other, third] * sizes[other]) / total
      }
      sizes[one] = total
      active.removeAll { $0 == other }
      for index in first.indices where first[index] == other { first[index] = one }
      for third in active
      where third == one || nearest[third] == one || nearest[third] == other
        || (third < one && nearest[third] >= 0
          && between[third, one] > between[third, nearest[third]])
      {
        nearest[third] = look(from: third)
      }
    }
  }
}
