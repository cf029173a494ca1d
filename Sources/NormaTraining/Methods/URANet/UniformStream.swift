import Torch

/// Numbers one by one from a generator of tensors, for what is decided picture by picture.
struct UniformStream {
  private let generator: Generator
  private var numbers: [Float] = []
  private var next = 0

  init(_ generator: Generator) {
    self.generator = generator
  }

  /// U[0, 1).
  mutating func unit() throws -> Double {
    if next == numbers.count {
      numbers = try generator.uniform([256]).floats()
      next = 0
    }
    defer { next += 1 }
    return Double(numbers[next])
  }

  mutating func uniform(_ range: ClosedRange<Double>) throws -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * (try unit())
  }

  /// 0 ..< `count`, each as likely.
  mutating func index(_ count: Int) throws -> Int {
    min(Int(try unit() * Double(count)), count - 1)
  }

  /// 0 ..< `count` in any order (Fisher and Yates).
  mutating func permutation(_ count: Int) throws -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, try index(last + 1))
    }
    return order
  }
}
