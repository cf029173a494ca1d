/// Noise for the features of one picture after another, by which a network's tolerance is measured
/// (RAS, Table 6). A picture's noise depends on the seed and on the picture's place in its data set,
/// not on where the data set lies or on what is inspected besides, so that two models see the same.
public struct DetectionNoise: Sendable {
  public let seed: UInt64
  /// `[1, tokens, C]`.
  public let shape: [Int]

  public init(seed: UInt64, shape: [Int]) {
    (self.seed, self.shape) = (seed, shape)
  }

  /// N(0, 1) for the picture of this path.
  public func values(for path: String) -> [Float] {
    var generator = SeededGenerator(seed: seed, stream: "noise \(Self.place(of: path))")
    return (0..<shape.reduce(1, *)).map { _ in Float(generator.normal()) }
  }

  /// Category, split, kind and file: what a data set's own part of the path is in MVTec AD's layout.
  public static func place(of path: String) -> String {
    path.split(separator: "/").suffix(4).joined(separator: "/")
  }
}
