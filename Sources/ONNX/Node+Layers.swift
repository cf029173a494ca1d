import Foundation
import Networks

// MARK: - Products, layer norm and attention

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

// MARK: - Convolutions, pooling and resizing

extension Node {
  public func convolution(
    weight: Node, bias: Node?, stride: Int, padding: Padding, groups: Int
  ) throws -> Node {
    try requireFeatureMap("convolution")
    try weight.requireFloat("convolution")
    try bias?.requireFloat("convolution")
    let kernel = weight.extents
    guard kernel.count == 4, let channels = extents[1].size, let known = kernel.known,
      groups >= 1, known[1] * groups == channels, known[0] % groups == 0, stride >= 1
    else {
      throw refused(
        "convolution",
        "the weight \(kernel.text) is not [out, in/groups, height, width] for it with "
          + "\(groups) groups and stride \(stride)")
    }
    if let bias, bias.extents != [kernel[0]] {
      throw refused(
        "convolution", "the bias \(bias.extents.text) is not [out] for the weight \(kernel.text)")
    }
    let shape = try windowed(
      "convolution", channels: kernel[0], kernel: (known[2], known[3]), stride: stride,
      padding: padding)
    return try recording(
      "Conv", [weight] + (bias.map { [$0] } ?? []),
      attributes: [
        "kernel_shape": .integers([known[2], known[3]]), "strides": .integers([stride, stride]),
        "pads": .integers([padding.top, padding.left, padding.bottom, padding.right]),
        "group": .integer(groups),
      ],
      shape: shape)
  }

  public func averagePooled(kernel: Int, stride: Int, padding: Int) throws -> Node {
    try pooled(
      "AveragePool", "averagePooled", kernel: kernel, stride: stride, padding: padding,
      attributes: ["count_include_pad": .integer(1)])
  }

  public func maximumPooled(kernel: Int, stride: Int, padding: Int) throws -> Node {
    try pooled("MaxPool", "maximumPooled", kernel: kernel, stride: stride, padding: padding)
  }

  private func pooled(
    _ type: String, _ operation: String, kernel: Int, stride: Int, padding: Int,
    attributes: [String: Attribute] = [:]
  ) throws -> Node {
    try requireFeatureMap(operation)
    guard kernel >= 1, stride >= 1, (0..<kernel).contains(padding) else {
      throw refused(
        operation, "kernel \(kernel), stride \(stride) and padding \(padding) do not fit")
    }
    let shape = try windowed(
      operation, channels: extents[1], kernel: (kernel, kernel), stride: stride,
      padding: Padding(top: padding, left: padding, bottom: padding, right: padding))
    let window: [String: Attribute] = [
      "kernel_shape": .integers([kernel, kernel]), "strides": .integers([stride, stride]),
      "pads": .integers([padding, padding, padding, padding]),
    ]
    return try recording(
      type, attributes: window.merging(attributes) { $1 }, shape: shape)
  }

  public func resized(height: Int, width: Int) throws -> Node {
    try requireFeatureMap("resized")
    guard height >= 1, width >= 1, let fromHeight = extents[2].size,
      let fromWidth = extents[3].size
    else { throw refused("resized", "cannot become \(height) by \(width)") }
    guard (height, width) != (fromHeight, fromWidth) else { return self }
    let scales = Constant(
      shape: [4],
      values: [1, 1, Node.scale(fromHeight, to: height), Node.scale(fromWidth, to: width)])
    let operation = Operation(
      type: "Resize",
      operands: [.record(index), .none, .record(graph.constant(scales).index)],
      attributes: [
        "mode": .string("linear"), "coordinate_transformation_mode": .string("align_corners"),
      ])
    let shape = [extents[0], extents[1], .fixed(height), .fixed(width)]
    return graph.record(operation, shape: shape, type: .float)
  }

  /// The smallest factor that ⌊size · factor⌋ turns into `result`. Scales leave the batch alone,
  /// where sizes would have to name it; with aligned corners they enter the result through its
  /// size only.
  static func scale(_ size: Int, to result: Int) -> Float {
    var factor = Float(result) / Float(size)
    while Double(size) * Double(factor) < Double(result) { factor = factor.nextUp }
    return factor
  }

  private func requireFeatureMap(_ operation: String) throws {
    try requireFloat(operation)
    guard extents.count == 4 else {
      throw refused(operation, "needs [batch, channels, height, width]")
    }
  }

  private func windowed(
    _ operation: String, channels: Extent, kernel: (height: Int, width: Int), stride: Int,
    padding: Padding
  ) throws -> Shape {
    let pads = [padding.top, padding.left, padding.bottom, padding.right]
    guard let height = extents[2].size, let width = extents[3].size,
      pads.allSatisfy({ $0 >= 0 })
    else { throw refused(operation, "needs known heights and widths, and padding of 0 or more") }
    let rows = height + padding.top + padding.bottom - kernel.height
    let columns = width + padding.left + padding.right - kernel.width
    guard rows >= 0, columns >= 0 else {
      throw refused(
        operation,
        "the \(kernel.height)x\(kernel.width) window is larger than the padded feature map")
    }
    return [extents[0], channels, .fixed(rows / stride + 1), .fixed(columns / stride + 1)]
  }
}

// MARK: - Reductions

extension Node {
  public func sum(axes: [Int]) throws -> Node {
    let axes = try dimensions(axes, in: "sum")
    // Since opset 13 the sum's axes are an input; those of mean and maximum became one in opset 18.
    return try recording(
      "ReduceSum", integers: [axes], attributes: ["keepdims": .integer(1)], shape: reduced(axes)
    ) { Folding.reduce($0[0], axes: axes, initial: 0, +) }
  }

  public func mean(axes: [Int]) throws -> Node {
    let axes = try dimensions(axes, in: "mean")
    return try recording(
      "ReduceMean", attributes: ["axes": .integers(axes), "keepdims": .integer(1)],
      shape: reduced(axes)
    ) { Folding.mean($0[0], axes: axes) }
  }

  public func maximum(axes: [Int]) throws -> Node {
    let axes = try dimensions(axes, in: "maximum")
    return try recording(
      "ReduceMax", attributes: ["axes": .integers(axes), "keepdims": .integer(1)],
      shape: reduced(axes)
    ) { Folding.reduce($0[0], axes: axes, initial: -.infinity, Folding.larger) }
  }

  public func largest(_ count: Int, axis: Int) throws -> Node {
    try requireFloat("largest")
    let axis = try dimension(axis, in: "largest")
    guard let size = extents[axis].size else {
      throw refused("largest", "dimension \(axis) is the unknown batch")
    }
    guard (1...size).contains(count) else {
      throw refused("largest", "\(count) elements of dimension \(axis), which has \(size)")
    }
    var result = extents
    result[axis] = .fixed(count)
    return try recording(
      "TopK", integers: [[count]],
      attributes: ["axis": .integer(axis), "largest": .integer(1), "sorted": .integer(1)],
      shape: result)
  }

  public func softmax(axis: Int) throws -> Node {
    try requireFloat("softmax")
    let axis = try dimension(axis, in: "softmax")
    return try recording("Softmax", attributes: ["axis": .integer(axis)], shape: extents) {
      Folding.softmax($0[0], axis: axis)
    }
  }

  private func dimensions(_ axes: [Int], in operation: String) throws -> [Int] {
    try requireFloat(operation)
    let dimensions = try Set(axes.map { try dimension($0, in: operation) }).sorted()
    guard !dimensions.isEmpty, dimensions.count == axes.count else {
      throw refused(operation, "axes \(axes) do not name one or more dimensions once each")
    }
    return dimensions
  }

  private func reduced(_ axes: [Int]) -> Shape {
    extents.enumerated().map { axes.contains($0.offset) ? .fixed(1) : $0.element }
  }
}
