/// What a backbone expects of its pictures: `(value − mean) / deviation`, per channel, for RGB values
/// from 0 to 255.
public struct PictureNormalization: Sendable, Equatable {
  /// One number per channel, in units of 0–255.
  public let mean: [Float]
  public let deviation: [Float]

  public init(mean: [Float], deviation: [Float]) {
    (self.mean, self.deviation) = (mean, deviation)
  }

  /// Mean (.485, .456, .406) and deviation (.229, .224, .225) of values scaled to [0, 1].
  public static let imageNet = PictureNormalization(
    mean: [0.485, 0.456, 0.406].map { Float(255 * $0) },
    deviation: [0.229, 0.224, 0.225].map { Float(255 * $0) })

  /// (value − 127) / 128 in every channel.
  public static let efficientNetLite = PictureNormalization(
    mean: [127, 127, 127], deviation: [128, 128, 128])

  /// Pictures as a backbone takes them.
  ///
  /// - Parameter pictures: `[batch, height, width, 3]`, 8-bit or floating point, RGB from 0 to 255.
  /// - Returns: `[batch, 3, height, width]`, floating point.
  /// - Throws: ``BackboneError`` when the pictures do not have that shape; what the engine throws.
  public func normalized<V: Value>(_ pictures: V) throws -> V {
    guard pictures.shape.count == 4, pictures.shape[3] == mean.count else {
      throw BackboneError(
        "pictures have the shape \(pictures.shape); [batch, height, width, \(mean.count)] is needed"
      )
    }
    let planes = try pictures.toFloat().permuted([0, 3, 1, 2])
    let channels = [1, mean.count, 1, 1]
    let scale = try planes.constant(deviation.map { 1 / $0 }, shape: channels)
    let offset = try planes.constant(zip(mean, deviation).map { -$0 / $1 }, shape: channels)
    return try planes * scale + offset
  }
}
