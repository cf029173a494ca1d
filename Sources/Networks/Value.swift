/// What a forward pass may do. Two types conform: `Torch.Tensor`, which computes at once and can be
/// differentiated, and `ONNX.Node`, which records a graph. Every network is written once, over this
/// protocol, so the trained network and the exported one cannot drift apart.
///
/// Shapes are outermost first (`[batch, channels, height, width]` for feature maps). The batch of a
/// graph node may be unknown, which reads as `-1`; networks therefore use `shape[0]` only to pass it on
/// to `reshaped`, at most one `-1` in a shape. Pointwise operators broadcast as NumPy does. Every
/// operation throws when the shapes do not fit or the engine refuses.
public protocol Value {
  /// Sizes, outermost first; `-1` where a graph does not know the batch.
  var shape: [Int] { get }

  /// A constant in the same engine (and on the same device) as this value; row-major `values`.
  func constant(_ values: [Float], shape: [Int]) throws -> Self

  static func + (left: Self, right: Self) throws -> Self
  static func - (left: Self, right: Self) throws -> Self
  static func * (left: Self, right: Self) throws -> Self
  static func / (left: Self, right: Self) throws -> Self
  /// `self · scale + offset`, element by element.
  func affine(scale: Float, offset: Float) throws -> Self

  /// The same elements in another shape, row-major; one size may be `-1`.
  func reshaped(_ shape: [Int]) throws -> Self
  /// Dimensions in another order: result dimension i is dimension `order[i]` of this value.
  func permuted(_ order: [Int]) throws -> Self
  /// Elements `range` of dimension `axis`.
  func sliced(axis: Int, _ range: Range<Int>) throws -> Self
  /// The elements `indices` of dimension `axis`, in that order; one may be asked for several times.
  func gathered(axis: Int, _ indices: [Int]) throws -> Self
  static func concatenated(_ values: [Self], axis: Int) throws -> Self
  /// 32-bit floating point (pictures enter as 8-bit integers).
  func toFloat() throws -> Self

  /// Reductions keep the reduced dimensions as size 1.
  func sum(axes: [Int]) throws -> Self
  func mean(axes: [Int]) throws -> Self
  func maximum(axes: [Int]) throws -> Self
  /// The `count` largest elements along `axis`, the largest first; that dimension becomes `count`.
  func largest(_ count: Int, axis: Int) throws -> Self

  func sigmoid() throws -> Self
  func relu() throws -> Self
  /// min(max(x, 0), 6).
  func relu6() throws -> Self
  /// x · sigmoid(x).
  func silu() throws -> Self
  /// The exact (erf) form.
  func gelu() throws -> Self
  func squareRoot() throws -> Self
  /// log(1 + exp x).
  func softplus() throws -> Self
  /// The natural logarithm; −∞ at 0, where its derivative is taken as 0: as an attention's bias,
  /// log w weighs a key by w, and w = 0 hides it and teaches nothing.
  func logarithm() throws -> Self
  /// e^x.
  func exponential() throws -> Self
  func softmax(axis: Int) throws -> Self

  /// Batched matrix product of the last two dimensions.
  func matmul(_ other: Self) throws -> Self
  /// `self · weightᵀ + bias` over the last dimension; `weight` is `[out, in]`, `bias` `[out]`.
  func linear(weight: Self, bias: Self?) throws -> Self
  /// Normalised over the last dimension, then `· weight + bias`.
  func layerNorm(weight: Self, bias: Self, epsilon: Float) throws -> Self
  /// `second(GELU(first(self)))`, the perceptron of a transformer block. An engine that differentiates
  /// may keep its input alone and compute what lies between, which is several times as wide, again.
  func perceptron(first: LinearWeights<Self>, second: LinearWeights<Self>) throws -> Self
  /// Scaled dot-product attention: `self` are the queries `[batch, heads, N, d]`, `keys` and `values`
  /// `[batch, heads, M, d]`, `bias` (added to the scores before the softmax, −∞ hides) broadcasts to
  /// `[batch, heads, N, M]`. Scores are scaled by 1/√d. What all pictures share has a batch of 1; it is
  /// not copied for each of them. No engine keeps the scores.
  func attention(keys: Self, values: Self, bias: Self?) throws -> Self

  /// Cross-correlation of `[batch, in, height, width]` with `weight` `[out, in/groups, kh, kw]`.
  func convolution(
    weight: Self, bias: Self?, stride: Int, padding: Padding, groups: Int
  ) throws -> Self
  /// Average over `kernel × kernel` windows. The divisor is always `kernel²`, zero padding counted.
  func averagePooled(kernel: Int, stride: Int, padding: Int) throws -> Self
  /// Maximum over `kernel × kernel` windows; what is padded never wins.
  func maximumPooled(kernel: Int, stride: Int, padding: Int) throws -> Self
  /// Bilinear, corners aligned (also when shrinking), no antialiasing.
  func resized(height: Int, width: Int) throws -> Self
}

extension Value {
  public func perceptron(
    first: LinearWeights<Self>, second: LinearWeights<Self>
  ) throws -> Self {
    try linear(weight: first.weight, bias: first.bias).gelu()
      .linear(weight: second.weight, bias: second.bias)
  }
}

/// What `linear` multiplies by and adds: `[out, in]` and `[out]`.
public struct LinearWeights<V> {
  public var weight: V
  public var bias: V

  public init(weight: V, bias: V) {
    (self.weight, self.bias) = (weight, bias)
  }
}

/// Zeros around a feature map, in pixels.
public struct Padding: Equatable, Sendable {
  public var top: Int
  public var left: Int
  public var bottom: Int
  public var right: Int

  public init(top: Int, left: Int, bottom: Int, right: Int) {
    (self.top, self.left, self.bottom, self.right) = (top, left, bottom, right)
  }

  public static let none = Padding(top: 0, left: 0, bottom: 0, right: 0)
}
