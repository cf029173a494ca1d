import Foundation

/// Normal pictures of a data set, decoded and resized, in one file: what a training starts from on a
/// machine that has neither the data set nor anything to decode it with.
///
/// The file is in the safetensors format, of which nothing is executed: one tensor `pictures`, uint8
/// `[count, S, S, 3]`, RGB, and in the metadata the pictures' names and categories, what they are of,
/// and the SHA-256 of the tensor's bytes, by which reading checks them.
public struct PictureStore: Sendable {
  /// What the pictures are of, beside themselves.
  public struct Origin: Sendable, Equatable {
    /// Name of the data set's folder, without what lies above it.
    public var root: String
    /// `DatasetFingerprint` of the pictures.
    public var fingerprint: String
    /// Side of each picture, in pixels.
    public var imageSize: Int
    /// Whether pictures were turned as their EXIF orientation says.
    public var exifOrientation: Bool

    public init(root: String, fingerprint: String, imageSize: Int, exifOrientation: Bool) {
      self.root = FilePath.name(root)
      self.fingerprint = fingerprint
      self.imageSize = imageSize
      self.exifOrientation = exifOrientation
    }
  }

  static let format = "norma pictures 1"
  static let tensor = "pictures"

  /// The file.
  public let path: String
  public let origin: Origin
  /// The pictures, normal ones to train on; their paths are as seen from the data set.
  public let samples: [Sample]
  /// SHA-256 of the pictures' bytes.
  public let digest: String
  private let pixels: Data

  /// Bytes of a picture.
  public var pictureSize: Int { origin.imageSize * origin.imageSize * 3 }

  /// Reads a store and checks every byte of it.
  ///
  /// - Throws: ``WeightsFileError`` or `FileProblem` that names the file: missing, cut short, damaged,
  ///   not a store of pictures, of a later format.
  public init(path: String) throws {
    self.path = path
    let remedy = "; 'norma store' makes one"
    func refuse(_ reason: String) -> FileProblem { FileProblem(path: path, reason: reason) }
    guard !FilePath.isFolder(path) else {
      throw refuse("this is a folder, not a store of pictures" + remedy + " of a data set")
    }
    // Not mapped: what is hashed is what is used.
    let file = try SafeTensorsFile(WeightsFile.bytes(path, mapped: false), name: path)
    let metadata = file.metadata
    guard let format = metadata["format"], format.hasPrefix("norma pictures ") else {
      throw refuse("this is not a store of pictures" + remedy)
    }
    guard format == Self.format else {
      throw refuse("it has the format '\(format)'; this Norma reads '\(Self.format)'" + remedy)
    }
    guard let shape = file.shape(Self.tensor), file.names == [Self.tensor],
      shape.count == 4, shape[0] > 0, shape[1] > 0, shape[1] == shape[2], shape[3] == 3
    else { throw refuse("its pictures are not [count, side, side, 3]" + remedy) }
    guard let root = metadata["root"], let fingerprint = metadata["fingerprint"],
      let turned = metadata["exifOrientation"].flatMap(Bool.init),
      let expected = metadata["sha256"],
      let listed = metadata["samples"].map({ Data($0.utf8) }),
      let entries = try? JSONDecoder().decode([Entry].self, from: listed),
      Set(entries.map { Array($0.path.utf8) }).count == entries.count,
      entries.allSatisfy({ !$0.category.isEmpty })
    else { throw refuse("its list of pictures is damaged" + remedy) }
    guard entries.count == shape[0] else {
      throw refuse("it lists \(entries.count) pictures and holds \(shape[0])" + remedy)
    }
    pixels = try file.octets(Self.tensor)
    digest = Digest.sha256(pixels)
    guard digest == expected else {
      throw refuse("its pictures are damaged: their SHA-256 is not the one noted; copy it anew")
    }
    origin = Origin(
      root: root, fingerprint: fingerprint, imageSize: shape[1], exifOrientation: turned)
    samples = entries.map(\.sample)
  }

  /// The pictures at `indices`, one after the other: `[batch, S, S, 3]`.
  public func pictures(_ indices: [Int]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(indices.count * pictureSize)
    for index in indices {
      let start = pixels.startIndex + index * pictureSize
      bytes += pixels[start..<start + pictureSize]
    }
    return bytes
  }

  /// A picture as the file lists it.
  struct Entry: Codable {
    var category: String
    var path: String

    var sample: Sample {
      Sample(path: path, category: category, split: .train, label: .normal)
    }
  }
}
