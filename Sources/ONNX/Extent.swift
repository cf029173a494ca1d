/// The size of one dimension: a number, or a number times the batch that is known only when the
/// graph runs. Merging the batch with other dimensions therefore loses nothing: `[N, 196, 256]`
/// reshaped to `[-1, 256]` has the first extent 196·N, and reshaped back to `[-1, 196, 256]` it
/// is N again.
struct Extent: Hashable, CustomStringConvertible {
  var count: Int
  var isBatched: Bool

  static let batch = Extent(count: 1, isBatched: true)

  static func fixed(_ count: Int) -> Extent {
    Extent(count: count, isBatched: false)
  }

  /// The size where it is known.
  var size: Int? { isBatched ? nil : count }

  var description: String {
    guard isBatched else { return String(count) }
    return count == 1 ? "batch" : "\(count)*batch"
  }
}

typealias Shape = [Extent]

extension Shape {
  /// Sizes as `Value` states them, `-1` where the batch is unknown.
  var sizes: [Int] { map { $0.size ?? -1 } }

  var text: String { "[" + map(\.description).joined(separator: ", ") + "]" }

  /// All sizes, or nil when one depends on the batch.
  var known: [Int]? {
    contains(where: \.isBatched) ? nil : map(\.count)
  }

  /// The shape that two operands share after NumPy's broadcasting, or nil when they do not fit.
  static func broadcast(_ left: Shape, _ right: Shape) -> Shape? {
    let rank = Swift.max(left.count, right.count)
    let one = Extent.fixed(1)
    var result = Shape()
    for dimension in 0..<rank {
      let a = dimension < rank - left.count ? one : left[dimension - (rank - left.count)]
      let b = dimension < rank - right.count ? one : right[dimension - (rank - right.count)]
      guard a == b || a == one || b == one else { return nil }
      result.append(a == one ? b : a)
    }
    return result
  }

  /// The extents of these elements under `sizes`, of which one may be `-1`; throws when the
  /// number of elements differs.
  func reshaped(_ sizes: [Int]) throws -> Shape {
    func refused(_ reason: String) -> GraphError {
      GraphError("reshape: \(text) does not fit \(sizes): \(reason)")
    }
    guard sizes.allSatisfy({ $0 >= 1 || $0 == -1 }) else {
      throw refused("sizes are at least 1, or -1 for one that follows from the others")
    }
    let free = sizes.indices.filter { sizes[$0] == -1 }
    guard free.count <= 1 else { throw refused("at most one size may be -1") }
    guard filter(\.isBatched).count <= 1 else {
      throw refused("two dimensions depend on the unknown batch")
    }
    let isBatched = contains(where: \.isBatched)
    let elements = reduce(1) { $0 * $1.count }
    let stated = sizes.reduce(1) { $0 * Swift.max($1, 1) }
    var result = sizes.map { Extent.fixed($0) }
    guard let axis = free.first else {
      guard !isBatched else {
        throw refused("the batch is unknown, so one size has to be -1 for it")
      }
      guard elements == stated else { throw refused("\(elements) elements against \(stated)") }
      return result
    }
    guard elements % stated == 0 else {
      throw refused("\(elements) elements\(isBatched ? " per picture" : "") against \(stated)")
    }
    result[axis] = Extent(count: elements / stated, isBatched: isBatched)
    return result
  }
}
