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
  /// The graph as the bytes of an `.onnx` file (a `ModelProto`, see `ModelWriter` for its
  /// version): the same graph always gives the same bytes. Throws when there is no output, or
  /// when the file would exceed the format's 2 GB.
  public func model() throws -> Data {
    var writer = ModelWriter(self)
    return try writer.write()
  }

  /// The names of the floating-point constants in what `model()` writes.
  package func initializers() throws -> [String] {
    var writer = ModelWriter(self)
    _ = try writer.write()
    return writer.constantNames
  }

  /// How often each operator occurs in what `model()` writes.
  package func operations() -> [String: Int] {
    ModelWriter(self).needed.reduce(into: [:]) { counts, index in
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
