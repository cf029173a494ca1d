import Foundation
import Networks

/// A network recorded for the ONNX format. Running a forward pass over `Node`s (see `Value`)
/// records its operations here; `model()` gives them as the bytes of an `.onnx` file.
///
/// The batch may be unknown: an input whose dimension 0 is `-1` takes any number of pictures.
/// What does not depend on an input is computed while recording and stored as a constant (see
/// `Folding`), equal constants are stored once, and what no output needs is not written.
///
/// A graph is used by one thread at a time.
public final class Graph {
  /// What the elements of an input are.
  public enum ElementType: Sendable, Hashable {
    case uint8
    case float
  }

  /// What one recorded value is.
  struct Record {
    enum Content {
      case input(String)
      case parameter(Constant, name: String)
      /// `source` names the parameter that the constant was computed from, if any.
      case constant(Constant, source: String?)
      case operation(Operation)

      /// The parameter that a constant is or was computed from.
      var source: String? {
        switch self {
        case .parameter(_, let name): name
        case .constant(_, let source): source
        case .input, .operation: nil
        }
      }
    }
    var content: Content
    var shape: Shape
    var type: ElementType
    /// False for what is the same for every picture, whether it was computed while recording or not.
    var dependsOnInput: Bool
  }

  public let name: String
  /// Pairs that the file carries as metadata, for people and tools that look into it.
  public var metadata: [String: String] = [:]

  private(set) var records: [Record] = []
  private(set) var inputs: [(name: String, record: Int)] = []
  private(set) var outputs: [(name: String, record: Int)] = []
  /// The names that inputs, parameters and outputs have.
  private(set) var names: Set<String> = []
  private var parameters: [String: Int] = [:]
  private var knownOperations: [Operation: Int] = [:]
  private var knownConstants: [Constant: Int] = [:]

  public init(name: String = "norma") {
    self.name = name
  }

  /// An input of the graph. `shape` may have `-1` in dimension 0: the batch, the same for every
  /// input. Throws when the name is taken or the shape is not one.
  public func input(_ name: String, shape: [Int], type: ElementType = .float) throws -> Node {
    let isBatched = shape.first == -1
    guard shape.dropFirst(isBatched ? 1 : 0).allSatisfy({ $0 >= 1 }) else {
      throw GraphError(
        "input '\(name)' has shape \(shape): sizes are at least 1, or -1 in dimension 0 for a "
          + "batch that is not known yet")
    }
    try claim(name)
    let extents =
      (isBatched ? [Extent.batch] : []) + shape.dropFirst(isBatched ? 1 : 0).map(Extent.fixed)
    let node = append(
      Record(content: .input(name), shape: extents, type: type, dependsOnInput: true))
    inputs.append((name, node.index))
    return node
  }

  /// A named constant: row-major `values` of `shape`. Throws when the name is taken or the number
  /// of values is not the shape's.
  public func parameter(_ name: String, shape: [Int], values: [Float]) throws -> Node {
    try Graph.check(shape: shape, count: values.count, of: "parameter '\(name)'")
    try claim(name)
    let node = append(
      Record(
        content: .parameter(Constant(shape: shape, values: values), name: name),
        shape: shape.map(Extent.fixed), type: .float, dependsOnInput: false))
    parameters[name] = node.index
    return node
  }

  /// Makes `node` an output of the graph under `name`. Throws when the name is taken or the node
  /// belongs to another graph.
  public func output(_ node: Node, name: String) throws {
    try require(node, in: "output '\(name)'")
    try claim(name)
    outputs.append((name, node.index))
  }

  /// A network's parameters as constants of this graph, read from `values` by name. Asking for a
  /// name that is missing there, or that has another shape, throws an error that says so; asking
  /// twice gives the same constant.
  public func parameters(
    from values: [String: (shape: [Int], values: [Float])]
  ) -> Parameters<Node> {
    Parameters { name, shape, _ in
      guard let found = values[name] else {
        throw GraphError(
          "parameter '\(name)' \(shape) is missing among the \(values.count) parameters given"
            + Graph.suggestion(for: name, among: values.keys))
      }
      guard ParameterShape.fits(found.shape, shape) else {
        throw GraphError(
          "parameter '\(name)' has shape \(found.shape), the network needs \(shape)")
      }
      if let index = self.parameters[name] { return Node(graph: self, index: index) }
      return try self.parameter(name, shape: found.shape, values: found.values)
    }
  }

  /// Names that end alike, for the error about one that is missing.
  private static func suggestion(
    for name: String, among names: some Collection<String>
  ) -> String {
    let last = name.split(separator: ".").suffix(2).joined(separator: ".")
    let similar = names.filter { $0.hasSuffix(last) }.sorted().prefix(3)
    return similar.isEmpty ? "" : "; similar names: " + similar.joined(separator: ", ")
  }

  private func claim(_ name: String) throws {
    guard !name.isEmpty else { throw GraphError("a name in graph '\(self.name)' is empty") }
    guard names.insert(name).inserted else {
      throw GraphError("the name '\(name)' is used twice in graph '\(self.name)'")
    }
  }

  static func check(shape: [Int], count: Int, of what: String) throws {
    guard shape.allSatisfy({ $0 >= 1 }) else {
      throw GraphError("\(what) has shape \(shape): sizes are at least 1")
    }
    let needed = shape.reduce(1, *)
    guard count == needed else {
      throw GraphError("\(what) has \(count) values, its shape \(shape) needs \(needed)")
    }
  }

  func require(_ node: Node, in operation: String) throws {
    guard node.graph === self else {
      throw GraphError(
        "\(operation): its values belong to two graphs ('\(name)' and '\(node.graph.name)')")
    }
  }
}

// MARK: - Writing

extension Graph {
  /// The graph as the bytes of an `.onnx` file (a `ModelProto`, see `ProtoWriter` for its
  /// version): the same graph always gives the same bytes. Throws when there is no output, or
  /// when the file would exceed the format's 2 GB.
  public func model() throws -> Data {
    var writer = ProtoWriter(self)
    return try writer.write()
  }

  /// The names of the floating-point constants in what `model()` writes.
  package func initializers() throws -> [String] {
    var writer = ProtoWriter(self)
    _ = try writer.write()
    return writer.constantNames
  }

  /// How often each operator occurs in what `model()` writes.
  package func operations() -> [String: Int] {
    ProtoWriter(self).needed.reduce(into: [:]) { counts, index in
      if case .operation(let operation) = records[index].content {
        counts[operation.type, default: 0] += 1
      }
    }
  }
}

// MARK: - Recording

extension Graph {
  private func append(_ record: Record) -> Node {
    records.append(record)
    return Node(graph: self, index: records.count - 1)
  }

  /// The node of `constant`, one for all equal constants. Parameters are never shared, so that each
  /// keeps its name.
  func constant(_ constant: Constant, source: String? = nil) -> Node {
    if let index = knownConstants[constant] { return Node(graph: self, index: index) }
    let node = append(
      Record(
        content: .constant(constant, source: source), shape: constant.shape.map(Extent.fixed),
        type: .float, dependsOnInput: false))
    knownConstants[constant] = node.index
    return node
  }

  /// Records `operation`, whose result has `shape`, or finds it among those recorded.
  func record(_ operation: Operation, shape: Shape, type: ElementType) -> Node {
    if let index = knownOperations[operation] { return Node(graph: self, index: index) }
    let dependsOnInput = operation.operands.contains {
      if case .record(let index) = $0 { records[index].dependsOnInput } else { false }
    }
    let node = append(
      Record(
        content: .operation(operation), shape: shape, type: type, dependsOnInput: dependsOnInput))
    knownOperations[operation] = node.index
    return node
  }
}

/// One ONNX operator with what it is applied to. Equal operations give equal results, so a graph
/// records each only once.
struct Operation: Hashable {
  var type: String
  var operands: [Operand]
  var attributes: [String: Attribute]
}

enum Operand: Hashable {
  /// The value that the graph's record of this index stands for.
  case record(Int)
  /// A small vector of 64-bit integers (a shape, axes).
  case integers([Int])
  /// An optional input that is left out.
  case none
}

enum Attribute: Hashable {
  case integer(Int)
  case integers([Int])
  case float(Float)
  case string(String)
}

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

/// Why a graph could not be recorded or written: which operation, what it was given, what it needs.
public struct GraphError: Error, CustomStringConvertible, Sendable {
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}
