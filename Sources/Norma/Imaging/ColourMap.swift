import Foundation

/// Colours for numbers between 0 and 1: "inferno", which is perceptually uniform, reads the same in
/// grey and to colour-blind eyes, and runs from black over purple and orange to pale yellow.
public enum ColourMap {
  /// Red, green and blue at 256 steps from 0 to 1.
  public static let inferno: [[UInt8]] = (0..<256).map { colour(Double($0) / 255) }

  /// Red, green and blue of `value`, which is clamped to 0…1.
  public static func colour(of value: Float) -> [UInt8] { inferno[step(value)] }

  /// The table's entry for `value`, which is clamped to 0…1.
  @inline(__always)
  static func step(_ value: Float) -> Int {
    Int((min(max(value, 0), 1) * 255).rounded())
  }

  /// Matt Zucker's polynomial fit (degree 6, CC0) of the colour map by Nathaniel Smith and Stéfan
  /// van der Walt.
  private static func colour(_ t: Double) -> [UInt8] {
    (0..<3).map { channel in
      let value = coefficients.reversed().reduce(0) { $0 * t + $1[channel] }
      return UInt8((min(max(value, 0), 1) * 255).rounded())
    }
  }

  private static let coefficients: [[Double]] = [
    [0.0002189403691192265, 0.001651004631001012, -0.01948089843709184],
    [0.1065134194856116, 0.5639564367884091, 3.932712388889277],
    [11.60249308247187, -3.972853965665698, -15.9423941062914],
    [-41.70399613139459, 17.43639888205313, 44.35414519872813],
    [77.162935699427, -33.40235894210092, -81.80730925738993],
    [-71.31942824499214, 32.62606426397723, 73.20951985803202],
    [25.13112622477341, -12.24266895238567, -23.07032500287172],
  ]
}
