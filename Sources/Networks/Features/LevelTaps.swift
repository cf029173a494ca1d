/// Which blocks of a backbone make up its levels: each level is the output of one block, or the mean of
/// several blocks' outputs, as those of vision transformers are taken (Dinomaly, Guo et al., 2025), whose
/// blocks all give maps of one size.
///
/// In a recipe and in JSON a level of one block is its number, one of several blocks a list:
/// `[1, 5, 9, 21]` or `[[2, 3, 4, 5], [6, 7, 8, 9]]`.
public struct LevelTaps: Sendable, Equatable {
  /// The blocks of each level, counted from 0.
  public let groups: [[Int]]

  public init(groups: [[Int]]) { self.groups = groups }

  /// Levels of one block each.
  public init(_ blocks: [Int]) { groups = blocks.map { [$0] } }

  /// `blocks` in `count` groups of neighbours that are as equally long as can be, the longer ones last;
  /// fewer groups where there are fewer blocks.
  package init(_ blocks: [Int], inGroups count: Int) {
    let count = max(1, min(count, blocks.count))
    groups = (0..<count).map { group in
      Array(blocks[group * blocks.count / count..<(group + 1) * blocks.count / count])
    }
  }

  /// Number of levels.
  public var count: Int { groups.count }
  /// Every block that is looked at, once, ascending.
  public var blocks: [Int] { Set(groups.joined()).sorted() }
  /// The last block that is looked at; nil without any.
  public var last: Int? { groups.joined().max() }

  /// The levels of the outputs of ``blocks``, all maps of a group having one shape.
  func levels<V: Value>(of outputs: [V]) throws -> [V] {
    let found = Dictionary(zip(blocks, outputs), uniquingKeysWith: { first, _ in first })
    return try groups.map { group in
      let maps = group.compactMap { found[$0] }
      guard let first = maps.first, maps.count == group.count else {
        throw NetworkError("the backbone gave \(outputs.count) maps for the blocks \(blocks)")
      }
      guard maps.count > 1 else { return first }
      return try maps.dropFirst().reduce(first) { try $0 + $1 }
        .affine(scale: 1 / Float(maps.count), offset: 0)
    }
  }

  /// The mean over all blocks, of the levels of one shape that are their groups' means.
  func mean<V: Value>(ofLevels levels: [V]) throws -> V {
    let total = Float(groups.reduce(0) { $0 + $1.count })
    guard let first = levels.first, let size = groups.first?.count, levels.count == groups.count
    else { throw NetworkError("\(levels.count) levels for \(groups.count) groups of blocks") }
    let start = try first.affine(scale: Float(size) / total, offset: 0)
    return try zip(levels, groups).dropFirst().reduce(start) {
      try $0 + $1.0.affine(scale: Float($1.1.count) / total, offset: 0)
    }
  }

  /// What is wrong with the list, whatever the backbone; nil when nothing is.
  package var problem: String? {
    if groups.isEmpty { return "the list is empty; leave the key out for the usual taps" }
    if groups.contains(where: \.isEmpty) { return "a level without a block" }
    let ascends = groups.allSatisfy { zip($0, $0.dropFirst()).allSatisfy(<) }
    let firsts = groups.compactMap(\.first)
    guard ascends, firsts[0] >= 0, zip(firsts, firsts.dropFirst()).allSatisfy(<) else {
      return "block indices from 0 on, each larger than the one before"
    }
    return nil
  }
}

extension LevelTaps: ExpressibleByArrayLiteral {
  /// Levels of one block each.
  public init(arrayLiteral blocks: Int...) { self.init(blocks) }
}

extension LevelTaps: CustomStringConvertible {
  /// As a recipe has it.
  public var description: String { yaml }
}

extension LevelTaps: SettingValue {
  package init(yaml node: SettingNode) throws {
    guard case .list(let elements) = node.content else {
      throw SettingValueProblem(expected: "a list such as [1, 2]", found: node)
    }
    groups = try elements.map { element in
      if case .list = element.content { return try [Int](yaml: element) }
      return [try Int(yaml: element)]
    }
  }

  package var yaml: String {
    "[\(groups.map { $0.count == 1 ? $0[0].yaml : $0.yaml }.joined(separator: ", "))]"
  }

  public init(from decoder: any Decoder) throws {
    var container = try decoder.unkeyedContainer()
    var groups: [[Int]] = []
    while !container.isAtEnd {
      if let block = try? container.decode(Int.self) {
        groups.append([block])
      } else {
        groups.append(try container.decode([Int].self))
      }
    }
    self.groups = groups
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.unkeyedContainer()
    for group in groups {
      if group.count == 1 {
        try container.encode(group[0])
      } else {
        try container.encode(group)
      }
    }
  }
}
