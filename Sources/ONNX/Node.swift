import Networks

/// A value in a graph that is being recorded: an input, a constant or an operation's result. Each
/// operation checks its operands' shapes and throws a `GraphError` that names them when they do
/// not fit, or when the operands belong to different graphs.
public struct Node: Value {
  let graph: Graph
  let index: Int

  var record: Graph.Record { graph.records[index] }
  var extents: Shape { record.shape }

  public var shape: [Int] { extents.sizes }

  /// What the elements are.
  public var type: Graph.ElementType { record.type }

  /// The numbers, where they are known while recording.
  var known: Constant? {
    switch record.content {
    case .parameter(let constant, _), .constant(let constant, _): constant
    case .input, .operation: nil
    }
  }

  public func constant(_ values: [Float], shape: [Int]) throws -> Node {
    try Graph.check(shape: shape, count: values.count, of: "constant")
    return graph.constant(Constant(shape: shape, values: values))
  }

  func constant(_ scalar: Float) -> Node {
    graph.constant(Constant(scalar))
  }
}

// MARK: - Recording and folding

extension Node {
  /// Records an operator over `self` and `others`, or computes it by `fold` when all are known (and
  /// `Folding` finds it worth it). `fold` receives them in order, `self` first.
  func recording(
    _ type: String, _ others: [Node] = [], integers: [[Int]] = [],
    attributes: [String: Attribute] = [:], shape: Shape, as elements: Graph.ElementType = .float,
    work: Int = 0, fold: (([Constant]) throws -> Constant)? = nil
  ) throws -> Node {
    let nodes = [self] + others
    for node in others { try graph.require(node, in: type) }
    let operands = nodes.compactMap(\.known)
    if let fold, let sizes = shape.known, operands.count == nodes.count,
      Folding.isWorthIt(result: sizes, operands: operands, work: work)
    {
      return graph.constant(try fold(operands), source: foldedName(type, from: nodes))
    }
    let operation = Operation(
      type: type,
      operands: nodes.map { .record($0.index) } + integers.map { .integers($0) },
      attributes: attributes)
    return graph.record(operation, shape: shape, type: elements)
  }

  /// A folded constant is named after the parameter it was made from, so that a reader of the file
  /// finds it again.
  private func foldedName(_ type: String, from nodes: [Node]) -> String? {
    guard let source = nodes.lazy.compactMap(\.record.content.source).first else { return nil }
    return source.hasSuffix("." + type) ? source : source + "." + type
  }

  func requireFloat(_ operation: String) throws {
    guard type == .float else {
      throw GraphError("\(operation): \(extents.text) holds 8-bit integers; call toFloat() first")
    }
  }

  func refused(_ operation: String, _ reason: String) -> GraphError {
    GraphError("\(operation) of \(extents.text): \(reason)")
  }

  /// `axis` counted from the front; negative axes count from the back.
  func dimension(_ axis: Int, in operation: String) throws -> Int {
    let rank = extents.count
    guard axis >= -rank, axis < rank else {
      throw refused(operation, "axis \(axis) is not among its \(rank) dimensions")
    }
    return axis < 0 ? axis + rank : axis
  }
}
