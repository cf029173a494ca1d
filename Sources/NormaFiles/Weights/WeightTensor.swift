/// A named tensor's content, whatever file it came from: 32-bit floats, row-major.
public struct WeightTensor: Sendable, Equatable {
  /// Sizes, outermost first; empty for a single number.
  public var shape: [Int]
  /// As many values as the product of `shape`.
  public var values: [Float]

  public init(shape: [Int], values: [Float]) {
    (self.shape, self.values) = (shape, values)
  }

  /// The product of `shape`, or `nil` when a size is negative or the product of all but the zeros is
  /// too large to count: a file's header may claim anything.
  static func elementCount(_ shape: [Int]) -> Int? {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: max(size, 1))
      guard size >= 0, !overflow else { return nil }
      count = product
    }
    return shape.contains(0) ? 0 : count
  }
}
