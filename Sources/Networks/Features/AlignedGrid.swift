/// On which grid a trunk's levels come together to one map.
///
/// The published methods take the coarsest level's (RAS §3.2, UniAD §3), 14×14 for EfficientNet-B4 at 224
/// pixels. On a finer one, which finer levels fill with detail and coarser ones are enlarged to bilinearly, as
/// PatchCore's are (Roth et al., 2022, §3.1), smaller defects show, at a price that grows with its places.
public enum AlignedGrid: Equatable, Sendable {
  case coarsest
  case finest
  /// A square of so many places a side, from the coarsest level's to the finest's.
  case side(Int)

  /// The grid, of levels with these.
  ///
  /// - Throws: ``NetworkError`` for a side that is not between theirs.
  func grid(among levels: [Grid]) throws -> Grid {
    let sorted = levels.sorted { $0.count < $1.count }
    guard let coarsest = sorted.first, let finest = sorted.last else {
      return Grid(height: 1, width: 1)
    }
    switch self {
    case .coarsest: return coarsest
    case .finest: return finest
    case .side(let side):
      guard (coarsest.height...finest.height).contains(side) else {
        throw NetworkError(
          coarsest == finest
            ? "the levels have \(coarsest.height) places a side; a grid of \(side) cannot be made of them"
            : "a grid of \(side) places a side is not between the coarsest level's, \(coarsest.height), and "
              + "the finest's, \(finest.height)")
      }
      return Grid(height: side, width: side)
    }
  }
}

extension AlignedGrid: SettingValue {
  package init(yaml node: SettingNode) throws {
    if let known = Self(word: node.plain ?? "") {
      self = known
    } else if let side = node.plain.flatMap(Int.init), side > 0 {
      self = .side(side)
    } else {
      throw SettingValueProblem(expected: "coarsest, finest or a number of places", found: node)
    }
  }

  package var yaml: String {
    switch self {
    case .coarsest: "coarsest"
    case .finest: "finest"
    case .side(let side): side.yaml
    }
  }

  private init?(word: String) {
    switch word {
    case "coarsest": self = .coarsest
    case "finest": self = .finest
    default: return nil
    }
  }

  /// A number, or a word.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let side = try? container.decode(Int.self) {
      self = .side(side)
    } else if let known = Self(word: try container.decode(String.self)) {
      self = known
    } else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "a grid is coarsest, finest or a number")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .coarsest, .finest: try container.encode(yaml)
    case .side(let side): try container.encode(side)
    }
  }
}
