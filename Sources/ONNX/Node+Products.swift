import Networks

extension Node {
  public func matmul(_ other: Node) throws -> Node {
    try graph.require(other, in: "MatMul")
    try requireFloat("matmul")
    try other.requireFloat("matmul")
    let (left, right) = (extents, other.extents)
    guard left.count >= 2, right.count >= 2, left[left.count - 1] == right[right.count - 2],
      let batch = Shape.broadcast(left.dropLast(2), right.dropLast(2))
    else { throw GraphError("matmul: \(left.text) and \(right.text) do not fit") }
    let shape = batch + [left[left.count - 2], right[right.count - 1]]
    let work = shape.reduce(1) { $0 * $1.count } * left[left.count - 1].count
    return try recording("MatMul", [other], shape: shape, work: work) {
      Folding.matmul($0[0], $0[1], shape: shape.map(\.count))
    }
  }

  public func linear(weight: Node, bias: Node?) throws -> Node {
    try graph.require(weight, in: "linear")
    guard weight.extents.count == 2, extents.count >= 2,
      weight.extents[1] == extents[extents.count - 1]
    else {
      throw refused("linear", "the weight \(weight.extents.text) is not [out, in] for it")
    }
    let product = try matmul(weight.permuted([1, 0]))
    guard let bias else { return product }
    try graph.require(bias, in: "linear")
    guard bias.extents == [weight.extents[0]] else {
      throw refused(
        "linear", "the bias \(bias.extents.text) is not [out] for the weight \(weight.extents.text)"
      )
    }
    return try product + bias
  }

  public func layerNorm(weight: Node, bias: Node, epsilon: Float) throws -> Node {
    try requireFloat("layerNorm")
    guard let last = extents.last, weight.extents == [last], bias.extents == [last] else {
      throw refused(
        "layerNorm",
        "weight \(weight.extents.text) and bias \(bias.extents.text) have to be as long as its "
          + "last dimension")
    }
    return try recording(
      "LayerNormalization", [weight, bias],
      attributes: ["axis": .integer(-1), "epsilon": .float(epsilon)], shape: extents
    ) { Folding.layerNorm($0[0], weight: $0[1], bias: $0[2], epsilon: epsilon) }
  }

  /// Recorded as its parts: the scale on the queries or, where the keys are the same for every picture,
  /// on these, then MatMul, Add, Softmax, MatMul, which OpenVINO runs as one kernel that never stores
  /// the scores (also with a dynamic batch, and with constants on either side). The scale also stands
  /// between constant keys' transposition and the product: OpenVINO 2026.4 would take the transposition
  /// into the kernel, which in bf16 then reads such keys wrongly and gives NaN.
  public func attention(keys: Node, values: Node, bias: Node?) throws -> Node {
    let rank = extents.count
    guard rank >= 2, keys.extents.count == rank, values.extents.count == rank,
      let width = extents[rank - 1].size, keys.extents[rank - 1] == extents[rank - 1],
      keys.extents[rank - 2] == values.extents[rank - 2]
    else {
      throw GraphError(
        "attention: queries \(extents.text), keys \(keys.extents.text) and values "
          + "\(values.extents.text) do not fit")
    }
    var order = Array(0..<rank)
    order.swapAt(rank - 2, rank - 1)
    let scale = 1 / Float(width).squareRoot()
    let turned = try keys.permuted(order)
    var scores =
      keys.record.dependsOnInput
      ? try affine(scale: scale, offset: 0).matmul(turned)
      : try matmul(turned.affine(scale: scale, offset: 0))
    if let bias {
      let plain = scores.extents
      scores = try scores + bias
      guard scores.extents == plain else {
        throw GraphError(
          "attention: the bias \(bias.extents.text) does not broadcast to the scores \(plain.text)")
      }
    }
    return try scores.softmax(axis: rank - 1).matmul(values)
  }
}
