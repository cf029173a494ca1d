import Foundation
import NormaCore

/// Encodes pictures.
public enum PictureWriter {
  /// A PNG: no pixel is changed.
  public static func png(_ picture: Picture) throws -> Data {
    try encode(picture.rgb, picture.width, picture.height, bands: 3, format: .png)
  }

  /// A JPEG of `quality` 1–100.
  public static func jpeg(_ picture: Picture, quality: Int = 85) throws -> Data {
    try encode(
      picture.rgb, picture.width, picture.height, bands: 3, format: .jpeg, quality: quality)
  }

  /// `pixels` with 1 (grey), 3 (RGB) or 4 (CMYK) bands, interleaved.
  package static func encode(
    _ pixels: [UInt8], _ width: Int, _ height: Int, bands: Int, format: PictureFormat,
    quality: Int = 100
  ) throws -> Data {
    do {
      return try Vips.run {
        try pixels.withUnsafeBufferPointer { buffer in
          try VipsImage(pixels: buffer, width: width, height: height, bands: bands)
            .encoded(format, quality: quality)
        }
      }
    } catch let error as VipsError {
      throw EncodingError(format: format, words: error.words)
    }
  }

  /// A picture that libvips did not encode.
  struct EncodingError: Error, CustomStringConvertible {
    var format: PictureFormat
    var words: String
    var description: String { "a picture could not be encoded as \(format.title): \(words)" }
  }
}
