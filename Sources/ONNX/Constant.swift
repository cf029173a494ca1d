import Foundation

/// Numbers that a graph knows when it is recorded: row-major `values` of `shape`.
struct Constant {
  var shape: [Int]
  var values: [Float]

  init(shape: [Int], values: [Float]) {
    self.shape = shape
    self.values = values
  }

  /// A constant whose values `fill` writes, every one of them.
  init(
    shape: [Int], filling fill: (UnsafeMutableBufferPointer<Float>) throws -> Void
  ) rethrows {
    self.shape = shape
    let count = shape.reduce(1, *)
    values = try [Float](unsafeUninitializedCapacity: count) { buffer, written in
      try fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      written = count
    }
  }

  init(_ scalar: Float) {
    self.init(shape: [], values: [scalar])
  }
}

/// Two constants are the same when their bits are: 0 and −0 differ, a NaN equals itself.
extension Constant: Hashable {
  static func == (left: Constant, right: Constant) -> Bool {
    guard left.shape == right.shape, left.values.count == right.values.count else { return false }
    return left.values.withUnsafeBytes { a in
      right.values.withUnsafeBytes { b in
        guard let first = a.baseAddress, let second = b.baseAddress else { return true }
        return first == second || memcmp(first, second, a.count) == 0
      }
    }
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(shape)
    values.withUnsafeBytes { hasher.combine(bytes: $0) }
  }
}
