import NormaCore
import NormaFiles
import NormaTraining

/// The measures by which a golden file is compared.
enum Deviation {
  /// Largest |difference| as a share of the largest |expected|; infinite when sizes differ or a value
  /// is not a number.
  static func relative(_ actual: [Float], _ expected: [Float], floor: Double = 0) -> Double {
    guard actual.count == expected.count else { return .infinity }
    var difference = 0.0
    var largest = floor
    for (a, b) in zip(actual, expected) {
      guard a.isFinite, b.isFinite else { return .infinity }
      difference = max(difference, Double(abs(a - b)))
      largest = max(largest, Double(abs(b)))
    }
    if difference == 0 { return 0 }
    return largest > 0 ? difference / largest : .infinity
  }

  /// The norm of all elements of all tensors together.
  static func norm(_ tensors: some Sequence<WeightTensor>) -> Double {
    tensors.reduce(0.0) { sum, tensor in
      tensor.values.reduce(sum) { $0 + Double($1) * Double($1) }
    }.squareRoot()
  }
}
