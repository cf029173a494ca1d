import Networks

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
