/// Real numbers as 8-bit integers (B. Jacob et al., "Quantization and Training of Neural Networks for
/// Efficient Integer-Arithmetic-Only Inference", CVPR 2018, equation 1):
///
///     q = clamp(round(x / scale) + zeroPoint),   x ≈ (q − zeroPoint) · scale
///
/// Halves are rounded to the even neighbour, as ONNX's QuantizeLinear does.
public struct AffineQuantization: Sendable, Hashable {
  public enum Integers: Sendable, Hashable {
    case uint8
    case int8

    public var range: ClosedRange<Int> {
      switch self {
      case .uint8: 0...255
      case .int8: -128...127
      }
    }
  }

  /// The distance of neighbouring numbers, above 0.
  public let scale: Float
  /// The integer that stands for 0, which is always among the numbers that are kept exactly.
  public let zeroPoint: Int
  public let integers: Integers

  /// 256 steps over `range`, widened to contain 0.
  public init(covering range: ClosedRange<Float>) {
    let (low, high) = (min(range.lowerBound, 0), max(range.upperBound, 0))
    integers = .uint8
    scale = Self.step(Double(high) - Double(low), steps: 255)
    zeroPoint = Int((-Double(low) / Double(scale)).rounded())
  }

  /// 255 steps from −`largest` to `largest`, 0 in their middle.
  public init(symmetric largest: Float) {
    integers = .int8
    scale = Self.step(Double(abs(largest)), steps: 127)
    zeroPoint = 0
  }

  /// What is always 0 has no width; any step keeps it. Nor may a step be too small for a 32-bit float.
  private static func step(_ width: Double, steps: Double) -> Float {
    let step = Float(width / steps)
    return step >= .leastNormalMagnitude ? step : 1
  }

  public func quantized(_ x: Float) -> Int {
    let q = (x / scale).rounded(.toNearestOrEven) + Float(zeroPoint)
    let (low, high) = (integers.range.lowerBound, integers.range.upperBound)
    return q <= Float(low) ? low : q >= Float(high) ? high : Int(q)
  }

  public func dequantized(_ q: Int) -> Float { Float(q - zeroPoint) * scale }

  /// The nearest number that is kept.
  public func rounded(_ x: Float) -> Float { dequantized(quantized(x)) }
}
