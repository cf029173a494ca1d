import Foundation
import NormaFiles

/// What the pictures that a model's network was trained on are recognised by, those that were held out not
/// among them: the model folder's `training-pictures.json`. Thresholds from such pictures would be too low.
///
/// Each picture has two digests. That of its **file** finds a copy of whatever name, on any machine. That of
/// its **pixels**, decoded and at the network's size as the network sees them, also finds one that was stored
/// in another format, or with other remarks in it. Decoders and their resizing differ in their last bits from
/// one version or processor to the next, so there it may find nothing; but what it finds is the same picture
/// to the network.
///
/// Digests are the first 16 hexadecimal digits of SHA-256: among a hundred thousand pictures on either side,
/// two different ones share 64 bits once in two thousand million times.
public struct TrainingPictures: Codable, Sendable, Equatable {
  /// The format that this code writes, and the latest that it reads.
  public static let currentFormat = 1
  private static let digits = 16

  public var formatVersion = TrainingPictures.currentFormat
  /// Side of the square that the pixels' digests are of.
  public let imageSize: Int
  /// Sorted; empty of pictures that came decoded, from a store.
  public let files: [String]
  /// Sorted.
  public let pixels: [String]

  /// One picture's digests; nil where it could not be read.
  public struct Content: Sendable, Hashable {
    public var file: String?
    public var pixels: String?

    public init(file: String? = nil, pixels: String? = nil) {
      (self.file, self.pixels) = (file, pixels)
    }
  }

  /// - Parameter imageSize: the side of the square, in pixels, that ``Content/pixels`` are of.
  public init(_ contents: [Content], imageSize: Int) {
    self.imageSize = imageSize
    files = Set(contents.compactMap(\.file)).sorted()
    pixels = Set(contents.compactMap(\.pixels)).sorted()
  }

  /// The digest of a file, from its SHA-256 in hexadecimal digits.
  public static func digest(sha256: String) -> String { String(sha256.prefix(digits)) }

  /// The digest of a picture as the network sees it.
  /// - Parameter rgb: `[imageSize, imageSize, 3]`, row by row.
  public static func digest(rgb: [UInt8]) -> String {
    digest(sha256: Digest.sha256(Data(rgb)))
  }

  /// Which of these are pictures of the training, by their places in `contents`.
  public func places(in contents: [Content]) -> [Int] {
    let (files, pixels) = (Set(files), Set(pixels))
    return contents.indices.filter { place in
      contents[place].file.map(files.contains) == true
        || contents[place].pixels.map(pixels.contains) == true
    }
  }

  /// As `training-pictures.json` holds it: the same pictures give the same bytes.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return try encoder.encode(self)
  }

  /// What a model remembers of its training pictures.
  /// - Returns: nil for a model of before there was this file.
  /// - Throws: `FileProblem` that names the file when it is of a later format or cannot be read.
  public static func read(from model: ModelFolder) throws -> TrainingPictures? {
    guard model.contains(ModelFile.trainingPictures) else { return nil }
    struct Format: Decodable { var formatVersion: Int }
    let path = "\(model.path)/\(ModelFile.trainingPictures)"
    let json = try model.data(ModelFile.trainingPictures)
    do {
      let format = try JSONDecoder().decode(Format.self, from: json).formatVersion
      guard format <= currentFormat else {
        throw FileProblem(
          path: path,
          reason:
            "it was made by a later Norma (format \(format); this one reads up to \(currentFormat)): "
            + "update Norma")
      }
      let found = try JSONDecoder().decode(TrainingPictures.self, from: json)
      let side = model.manifest.imageSize
      guard found.imageSize == side else {
        throw FileProblem(
          path: path,
          reason:
            "its digests are of pictures of \(found.imageSize) pixels, the model's have \(side)")
      }
      return found
    } catch is DecodingError {
      throw FileProblem(path: path, reason: "not a list of digests of training pictures")
    }
  }
}
