import Networks

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
