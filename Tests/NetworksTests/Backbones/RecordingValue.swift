import Networks

/// A value of which only the shape is known, and a record of the convolutions that were asked for:
/// what a network does can be seen without an engine.
final class ConvolutionRecord {
  struct Entry: Equatable {
    var kernel: Int
    var stride: Int
    var groups: Int
    var padding: Padding
  }
  var entries: [Entry] = []
  var activations: Set<String> = []
}

struct RecordingValue: Value {
  var shape: [Int]
  var record: ConvolutionRecord

  struct Unsupported: Error {}

  private func with(_ shape: [Int]) -> RecordingValue {
    RecordingValue(shape: shape, record: record)
  }

  func constant(_ values: [Float], shape: [Int]) throws -> RecordingValue { with(shape) }

  private static func broadcast(_ left: Self, _ right: Self) throws -> Self {
    guard left.shape.count == right.shape.count else { throw Unsupported() }
    let shape = try zip(left.shape, right.shape).map { a, b in
      guard a == b || a == 1 || b == 1 else { throw Unsupported() }
      return a == 1 ? b : a
    }
    return left.with(shape)
  }

  static func + (left: Self, right: Self) throws -> Self { try broadcast(left, right) }
  static func - (left: Self, right: Self) throws -> Self { try broadcast(left, right) }
  static func * (left: Self, right: Self) throws -> Self { try broadcast(left, right) }
  static func / (left: Self, right: Self) throws -> Self { try broadcast(left, right) }
  func affine(scale: Float, offset: Float) throws -> Self { self }
  func reshaped(_ shape: [Int]) throws -> Self { throw Unsupported() }
  func permuted(_ order: [Int]) throws -> Self { with(order.map { shape[$0] }) }
  func sliced(axis: Int, _ range: Range<Int>) throws -> Self { throw Unsupported() }
  func gathered(axis: Int, _ indices: [Int]) throws -> Self { throw Unsupported() }
  static func concatenated(_ values: [Self], axis: Int) throws -> Self { throw Unsupported() }
  func toFloat() throws -> Self { self }
  func sum(axes: [Int]) throws -> Self { throw Unsupported() }
  func mean(axes: [Int]) throws -> Self {
    with(shape.enumerated().map { axes.contains($0.offset) ? 1 : $0.element })
  }
  func maximum(axes: [Int]) throws -> Self { throw Unsupported() }
  func largest(_ count: Int, axis: Int) throws -> Self { throw Unsupported() }

  private func activated(_ name: String) -> Self {
    record.activations.insert(name)
    return self
  }
  func sigmoid() throws -> Self { activated("sigmoid") }
  func relu() throws -> Self { activated("relu") }
  func relu6() throws -> Self { activated("relu6") }
  func silu() throws -> Self { activated("silu") }
  func gelu() throws -> Self { activated("gelu") }
  func squareRoot() throws -> Self { throw Unsupported() }
  func softplus() throws -> Self { throw Unsupported() }
  func exponential() throws -> Self { throw Unsupported() }
  func logarithm() throws -> Self { throw Unsupported() }
  func softmax(axis: Int) throws -> Self { throw Unsupported() }
  func matmul(_ other: Self) throws -> Self { throw Unsupported() }
  func linear(weight: Self, bias: Self?) throws -> Self { throw Unsupported() }
  func layerNorm(weight: Self, bias: Self, epsilon: Float) throws -> Self { throw Unsupported() }
  func attention(keys: Self, values: Self, bias: Self?) throws -> Self { throw Unsupported() }

  func convolution(
    weight: Self, bias: Self?, stride: Int, padding: Padding, groups: Int
  ) throws -> Self {
    guard shape.count == 4, weight.shape.count == 4, shape[1] == weight.shape[1] * groups,
      weight.shape[0].isMultiple(of: groups), bias.map({ $0.shape == [weight.shape[0]] }) ?? true
    else { throw Unsupported() }
    record.entries.append(
      .init(kernel: weight.shape[2], stride: stride, groups: groups, padding: padding))
    let height = (shape[2] + padding.top + padding.bottom - weight.shape[2]) / stride + 1
    let width = (shape[3] + padding.left + padding.right - weight.shape[3]) / stride + 1
    return with([shape[0], weight.shape[0], height, width])
  }
  func averagePooled(kernel: Int, stride: Int, padding: Int) throws -> Self { throw Unsupported() }
  func maximumPooled(kernel: Int, stride: Int, padding: Int) throws -> Self { throw Unsupported() }
  func resized(height: Int, width: Int) throws -> Self { throw Unsupported() }
}
