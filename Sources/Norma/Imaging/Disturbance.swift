import NormaCore

/// One thing that makes a picture worse: what a lens out of focus, other light, a noisy or thrifty
/// camera, or a part that lies askew would do. It acts on the decoded picture at the network's size, of
/// whose pixels it speaks, so that every network of that size sees the same.
public enum Disturbance: Sendable, Hashable {
  /// A Gaussian blur of this deviation in pixels.
  case blur(Double)
  /// All values times this factor.
  case brightness(Double)
  /// So many grey levels on top of all values.
  case offset(Double)
  /// Gaussian noise of this deviation in grey levels, drawn for each value from the seed and the
  /// picture's place in its data set.
  case noise(Double, seed: UInt64)
  /// Written as a JPEG of this quality, 1–100, and read again.
  case jpeg(Int)
  /// Moved by so many pixels to the right and down.
  case shift(Int)
  /// Turned clockwise about its centre by so many degrees.
  case rotation(Double)
}

extension Picture {
  /// The picture after a disturbance, at the same size. Values are rounded and held to 0…255; where a
  /// picture that is moved has nothing to show, its edges go on.
  ///
  /// - Parameter path: the picture's, from whose last four parts (category, split, kind, file) noise is
  ///   drawn: wherever the data set lies, a picture gets the same.
  /// - Throws: `DisturbanceError` when libvips cannot do it.
  public func disturbed(by disturbance: Disturbance, path: String = "") throws -> Picture {
    var result = self
    switch disturbance {
    case .noise(let deviation, let seed):
      var generator = SeededGenerator(
        seed: seed, stream: "picture noise \(DetectionNoise.place(of: path))")
      for index in result.rgb.indices {
        let value = Double(rgb[index]) + deviation * generator.normal()
        result.rgb[index] = UInt8(min(max(value.rounded(), 0), 255))
      }
    case .jpeg(let quality):
      let data = try PictureWriter.jpeg(self, quality: quality)
      result.rgb = try PictureReader().read(data, name: path).rgb
    default:
      result.rgb = try disturbance.applied(to: rgb, width: width, height: height, bands: 3)
    }
    return result
  }
}

extension Mask {
  /// Which pixels of a disturbed picture are anomalous: those that a shift or a rotation brings there;
  /// after a rotation, where more than half of a pixel is. Throws `DisturbanceError`.
  public func disturbed(by disturbance: Disturbance) throws -> Mask {
    switch disturbance {
    case .shift, .rotation:
      var result = self
      let levels = values.map { $0 == 0 ? UInt8(0) : 255 }
      result.values = try disturbance.applied(
        to: levels, width: width, height: height, bands: 1
      ).map { $0 > 127 ? 1 : 0 }
      return result
    case .blur, .brightness, .offset, .noise, .jpeg: return self
    }
  }
}

/// A picture that libvips did not disturb.
public struct DisturbanceError: Error, CustomStringConvertible, Sendable {
  public let description: String
}

extension Disturbance {
  /// What libvips does to pixels in memory; noise and JPEG are not its business.
  fileprivate func applied(
    to pixels: [UInt8], width: Int, height: Int, bands: Int
  ) throws -> [UInt8] {
    do {
      return try Vips.run {
        try pixels.withUnsafeBufferPointer { buffer in
          try applied(
            to: VipsImage(pixels: buffer, width: width, height: height, bands: bands)
          ).pixels()
        }
      }
    } catch let error as VipsError {
      throw DisturbanceError(
        description: "\(self) of a picture of \(width)×\(height) pixels failed: \(error.words)")
    }
  }

  private func applied(to image: VipsImage) throws -> VipsImage {
    switch self {
    case .blur(let deviation): try image.blurred(deviation: deviation)
    case .brightness(let factor): try image.scaled(by: factor, plus: 0)
    case .offset(let levels): try image.scaled(by: 1, plus: levels)
    case .shift(let distance): try image.shifted(right: distance, down: distance)
    case .rotation(let degrees): try image.rotated(degrees: degrees)
    case .noise, .jpeg: image
    }
  }
}
