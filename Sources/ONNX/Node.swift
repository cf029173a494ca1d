import Foundation
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

// MARK: - Element by element

extension Node {
  public static func + (left: Node, right: Node) throws -> Node {
    try left.pointwise("Add", right) { $0 + $1 }
  }

  public static func - (left: Node, right: Node) throws -> Node {
    try left.pointwise("Sub", right) { $0 - $1 }
  }

  public static func * (left: Node, right: Node) throws -> Node {
    try left.pointwise("Mul", right) { $0 * $1 }
  }

  public static func / (left: Node, right: Node) throws -> Node {
    try left.pointwise("Div", right) { $0 / $1 }
  }

  public func affine(scale: Float, offset: Float) throws -> Node {
    try requireFloat("affine")
    let scaled = scale == 1 ? self : try self * constant(scale)
    return offset == 0 ? scaled : try scaled + scaled.constant(offset)
  }

  public func toFloat() throws -> Node {
    guard type != .float else { return self }
    return try recording(
      "Cast", attributes: ["to": .integer(ProtoWriter.dataType(.float))], shape: extents)
  }

  public func sigmoid() throws -> Node {
    try mapped("Sigmoid") { 1 / (1 + exp(-$0)) }
  }

  // A NaN stays a NaN, as in the engines: it must be found, not clipped away.
  public func relu() throws -> Node {
    try mapped("Relu") { $0 < 0 ? 0 : $0 }
  }

  public func relu6() throws -> Node {
    try mapped("Clip", [constant(0), constant(6)]) { $0 < 0 ? 0 : ($0 > 6 ? 6 : $0) }
  }

  public func silu() throws -> Node {
    try self * sigmoid()
  }

  /// ½x · (1 + erf(x/√2)), in the order of operators that runtimes recognise and run as one.
  public func gelu() throws -> Node {
    let curve = try (self / constant(Float(2).squareRoot())).mapped("Erf") { erf($0) }
    return try (self * curve.affine(scale: 1, offset: 1)).affine(scale: 0.5, offset: 0)
  }

  public func squareRoot() throws -> Node {
    try mapped("Sqrt") { $0.squareRoot() }
  }

  public func softplus() throws -> Node {
    try mapped("Softplus") { max($0, 0) + log1p(exp(-abs($0))) }
  }

  public func exponential() throws -> Node {
    try mapped("Exp") { exp($0) }
  }

  public func logarithm() throws -> Node {
    try mapped("Log") { log($0) }
  }

  private func pointwise(
    _ type: String, _ other: Node, _ compute: @escaping (Float, Float) -> Float
  ) throws -> Node {
    try graph.require(other, in: type)
    try requireFloat(type)
    try other.requireFloat(type)
    guard let shape = Shape.broadcast(extents, other.extents) else {
      throw GraphError("\(type): \(extents.text) and \(other.extents.text) do not broadcast")
    }
    return try recording(type, [other], shape: shape) {
      Folding.broadcast($0[0], $0[1], compute)
    }
  }

  private func mapped(
    _ type: String, _ bounds: [Node] = [], _ compute: @escaping (Float) -> Float
  ) throws -> Node {
    try requireFloat(type)
    return try recording(type, bounds, shape: extents) { Folding.map($0[0], compute) }
  }
}

// MARK: - Shapes

extension Node {
  public func reshaped(_ shape: [Int]) throws -> Node {
    let result = try extents.reshaped(shape)
    guard result != extents else { return self }
    // Row-major order does not change, so only the last of several reshapes matters.
    let source = origin(of: "Reshape") ?? self
    guard source.extents != result else { return source }
    return try source.recording("Reshape", integers: [shape], shape: result, as: type) {
      Constant(shape: result.map(\.count), values: $0[0].values)
    }
  }

  public func permuted(_ order: [Int]) throws -> Node {
    guard order.sorted() == Array(extents.indices) else {
      throw refused("permute", "order \(order) does not name each dimension once")
    }
    var (source, order) = (self, order)
    if let before = origin(of: "Transpose"), case .operation(let operation) = record.content,
      case .integers(let inner)? = operation.attributes["perm"]
    {
      (source, order) = (before, order.map { inner[$0] })
    }
    guard order != Array(order.indices) else { return source }
    return try source.recording(
      "Transpose", attributes: ["perm": .integers(order)],
      shape: order.map { source.extents[$0] }, as: type
    ) { Folding.permute($0[0], order) }
  }

  public func sliced(axis: Int, _ range: Range<Int>) throws -> Node {
    let axis = try dimension(axis, in: "slice")
    guard let size = extents[axis].size else {
      throw refused("slice", "dimension \(axis) is the unknown batch")
    }
    guard range.lowerBound >= 0, range.upperBound <= size, !range.isEmpty else {
      throw refused("slice", "elements \(range) of dimension \(axis), which has \(size)")
    }
    guard range.count < size else { return self }
    var result = extents
    result[axis] = .fixed(range.count)
    return try recording(
      "Slice", integers: [[range.lowerBound], [range.upperBound], [axis]], shape: result, as: type
    ) { Folding.slice($0[0], axis: axis, range) }
  }

  /// A gather that repeats elements is never computed while recording: the file holds what is
  /// repeated once.
  public func gathered(axis: Int, _ indices: [Int]) throws -> Node {
    let axis = try dimension(axis, in: "gather")
    guard let size = extents[axis].size else {
      throw refused("gather", "dimension \(axis) is the unknown batch")
    }
    guard !indices.isEmpty, indices.allSatisfy((0..<size).contains) else {
      throw refused("gather", "elements \(indices) of dimension \(axis), which has \(size)")
    }
    guard indices != Array(0..<size) else { return self }
    var result = extents
    result[axis] = .fixed(indices.count)
    return try recording(
      "Gather", integers: [indices], attributes: ["axis": .integer(axis)], shape: result, as: type,
      fold: indices.count > size ? nil : { Folding.gather($0[0], axis: axis, indices) })
  }

  public static func concatenated(_ values: [Node], axis: Int) throws -> Node {
    guard let first = values.first else { throw GraphError("concatenate: no values given") }
    guard values.count > 1 else { return first }
    let axis = try first.dimension(axis, in: "concatenate")
    var result = first.extents
    for value in values.dropFirst() {
      try first.graph.require(value, in: "Concat")
      result[axis] = value.extents.indices.contains(axis) ? value.extents[axis] : result[axis]
      guard value.extents == result, value.type == first.type else {
        throw GraphError(
          "concatenate over dimension \(axis): \(first.extents.text) and \(value.extents.text) "
            + "differ elsewhere")
      }
    }
    let parts = values.map { $0.extents[axis] }
    guard Set(parts.map(\.isBatched)).count == 1 else {
      throw GraphError(
        "concatenate over dimension \(axis): "
          + values.map(\.extents.text).joined(separator: ", ")
          + ": some sizes depend on the unknown batch, others do not")
    }
    result[axis] = Extent(
      count: parts.reduce(0) { $0 + $1.count }, isBatched: parts[0].isBatched)
    return try first.recording(
      "Concat", Array(values.dropFirst()), attributes: ["axis": .integer(axis)], shape: result,
      as: first.type
    ) { Folding.concatenate($0, axis: axis) }
  }

  /// What this node's operator was applied to, if the operator is `type`.
  private func origin(of type: String) -> Node? {
    guard case .operation(let operation) = record.content, operation.type == type,
      case .record(let index)? = operation.operands.first
    else { return nil }
    return Node(graph: graph, index: index)
  }
}
