import ArgumentParser
import Norma

/// How pictures are read, the same for all verbs that read some.
public struct PictureOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Refuse pictures of more megapixels than this, before decoding them.",
      valueName: "megapixels"))
  public var pixelLimit = PictureReader.defaultPixelLimit / 1_000_000

  @Flag(
    help: "Turn pictures as their EXIF orientation says. A model wants what it was trained with.")
  public var exifOrientation = false

  public init() {}

  public func validate() throws {
    guard (1...1_000_000).contains(pixelLimit) else {
      throw ValidationError("--pixel-limit is \(pixelLimit); 1 to 1000000 megapixels can be said")
    }
  }

  public var reader: PictureReader {
    PictureReader(pixelLimit: pixelLimit * 1_000_000, appliesOrientation: exifOrientation)
  }
}
