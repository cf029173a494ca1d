internal import CTorch
import Networks

extension Tensor: Value {
  public func constant(_ values: [Float], shape: [Int]) throws -> Tensor {
    try Tensor(values, shape: shape)
  }

  public static func + (left: Tensor, right: Tensor) throws -> Tensor {
    try make { ctorch_add(left.handle, right.handle, $0) }
  }

  public static func - (left: Tensor, right: Tensor) throws -> Tensor {
    try make { ctorch_subtract(left.handle, right.handle, $0) }
  }

  public static func * (left: Tensor, right: Tensor) throws -> Tensor {
    try make { ctorch_multiply(left.handle, right.handle, $0) }
  }

  public static func / (left: Tensor, right: Tensor) throws -> Tensor {
    try make { ctorch_divide(left.handle, right.handle, $0) }
  }

  public func affine(scale: Float, offset: Float) throws -> Tensor {
    try .make { ctorch_affine(handle, scale, offset, $0) }
  }

  /// The same values, through which no gradient goes.
  public func detached() throws -> Tensor { try .make { ctorch_detached(handle, $0) } }

  // MARK: Shapes

  public func reshaped(_ shape: [Int]) throws -> Tensor {
    try .make { ctorch_reshape(handle, shape.map(Int64.init), Int32(shape.count), $0) }
  }

  public func permuted(_ order: [Int]) throws -> Tensor {
    try .make { ctorch_permute(handle, order.map(Int64.init), Int32(order.count), $0) }
  }

  public func sliced(axis: Int, _ range: Range<Int>) throws -> Tensor {
    try .make {
      ctorch_slice(handle, Int32(axis), Int64(range.lowerBound), Int64(range.upperBound), $0)
    }
  }

  public func gathered(axis: Int, _ indices: [Int]) throws -> Tensor {
    try .make {
      ctorch_gather(handle, Int32(axis), indices.map(Int64.init), Int32(indices.count), $0)
    }
  }

  public static func concatenated(_ values: [Tensor], axis: Int) throws -> Tensor {
    let handles = values.map(\.handle)
    return try make { ctorch_concatenate(handles, Int32(handles.count), Int32(axis), $0) }
  }

  public func toFloat() throws -> Tensor {
    try .make { ctorch_to_float(handle, $0) }
  }

  // MARK: Reductions

  public func sum(axes: [Int]) throws -> Tensor {
    try .make { ctorch_sum(handle, axes.map(Int64.init), Int32(axes.count), $0) }
  }

  public func mean(axes: [Int]) throws -> Tensor {
    try .make { ctorch_mean(handle, axes.map(Int64.init), Int32(axes.count), $0) }
  }

  public func maximum(axes: [Int]) throws -> Tensor {
    try .make { ctorch_maximum(handle, axes.map(Int64.init), Int32(axes.count), $0) }
  }

  public func largest(_ count: Int, axis: Int) throws -> Tensor {
    try .make { ctorch_largest(handle, Int64(count), Int32(axis), $0) }
  }

  // MARK: Element by element

  public func sigmoid() throws -> Tensor { try .make { ctorch_sigmoid(handle, $0) } }
  public func relu() throws -> Tensor { try .make { ctorch_relu(handle, $0) } }
  public func relu6() throws -> Tensor { try .make { ctorch_relu6(handle, $0) } }
  public func silu() throws -> Tensor { try .make { ctorch_silu(handle, $0) } }
  public func gelu() throws -> Tensor { try .make { ctorch_gelu(handle, $0) } }
  public func squareRoot() throws -> Tensor { try .make { ctorch_square_root(handle, $0) } }

  public func softplus() throws -> Tensor { try .make { ctorch_softplus(handle, $0) } }
  public func exponential() throws -> Tensor { try .make { ctorch_exponential(handle, $0) } }
  public func logarithm() throws -> Tensor { try .make { ctorch_logarithm(handle, $0) } }

  public func softmax(axis: Int) throws -> Tensor {
    try .make { ctorch_softmax(handle, Int32(axis), $0) }
  }

  // MARK: Layers

  public func matmul(_ other: Tensor) throws -> Tensor {
    try .make { ctorch_matmul(handle, other.handle, $0) }
  }

  public func linear(weight: Tensor, bias: Tensor?) throws -> Tensor {
    try .make { ctorch_linear(handle, weight.handle, bias?.handle, $0) }
  }

  public func perceptron(
    first: LinearWeights<Tensor>, second: LinearWeights<Tensor>
  ) throws -> Tensor {
    try .make {
      ctorch_perceptron(
        handle, first.weight.handle, first.bias.handle, second.weight.handle, second.bias.handle, $0
      )
    }
  }

  public func layerNorm(weight: Tensor, bias: Tensor, epsilon: Float) throws -> Tensor {
    try .make { ctorch_layer_norm(handle, weight.handle, bias.handle, epsilon, $0) }
  }

  public func attention(keys: Tensor, values: Tensor, bias: Tensor?) throws -> Tensor {
    try .make { ctorch_attention(handle, keys.handle, values.handle, bias?.handle, $0) }
  }

  public func convolution(
    weight: Tensor, bias: Tensor?, stride: Int, padding: Padding, groups: Int
  ) throws -> Tensor {
    let sides = [padding.top, padding.left, padding.bottom, padding.right].map(Int64.init)
    return try .make {
      ctorch_convolution(
        handle, weight.handle, bias?.handle, Int32(stride), sides, Int32(groups), $0)
    }
  }

  public func averagePooled(kernel: Int, stride: Int, padding: Int) throws -> Tensor {
    try .make { ctorch_average_pool(handle, Int32(kernel), Int32(stride), Int32(padding), $0) }
  }

  public func maximumPooled(kernel: Int, stride: Int, padding: Int) throws -> Tensor {
    try .make { ctorch_maximum_pool(handle, Int32(kernel), Int32(stride), Int32(padding), $0) }
  }

  public func resized(height: Int, width: Int) throws -> Tensor {
    try .make { ctorch_resize(handle, Int64(height), Int64(width), $0) }
  }

  /// The mean over all elements of the squared difference.
  public func meanSquaredError(_ other: Tensor) throws -> Tensor {
    try .make { ctorch_mean_squared_error(handle, other.handle, $0) }
  }
}
