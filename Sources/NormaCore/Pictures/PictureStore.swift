import Foundation
import NormaFiles

/// Pictures of a data set, decoded and resized, in one file: what a training, and the tests of a
/// benchmark, start from on a machine that has neither the data set nor anything to decode it with.
///
/// The file is in the safetensors format, of which nothing is executed: the tensor `pictures`, uint8
/// `[count, S, S, 3]`, RGB; where there are defects marked in test pictures, `masks`, uint8
/// `[count, S, S]`, 1 where anomalous; and in the metadata the pictures' names, categories and labels,
/// what they are of, and the SHA-256 of the tensors' bytes, by which reading checks them.
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
    /// What names a plan's runs, in a store that has test pictures; nil in one that has none.
    public var benchmark: BenchmarkFingerprints?

    /// - Parameter root: the data set's folder, of which the name is kept.
    public init(
      root: String, fingerprint: String, imageSize: Int, exifOrientation: Bool,
      benchmark: BenchmarkFingerprints? = nil
    ) {
      self.root = FilePath.name(root)
      self.fingerprint = fingerprint
      self.imageSize = imageSize
      self.exifOrientation = exifOrientation
      self.benchmark = benchmark
    }
  }

  static let format = "norma pictures 2"
  static let tensor = "pictures"
  static let maskTensor = "masks"

  /// The file.
  public let path: String
  public let origin: Origin
  /// The normal pictures to train on, which come first; their paths are as seen from the data set.
  public let samples: [Sample]
  /// Pictures to test with, which come after those.
  public let tests: [Sample]
  /// How many more pictures and masks there are that could not be read, by category.
  public let leftOut: [String: Int]
  /// SHA-256 of the pictures' bytes, and of the masks'.
  public let digest: String
  private let pixels: Data
  private let masks: Data
  /// Which mask a picture has, by its place.
  private let maskPlaces: [Int: Int]
  /// Keyed by bytes: two names that look alike may be written differently and be two files.
  private let places: [[UInt8]: Int]

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
    guard let shape = file.shape(Self.tensor), shape.count == 4, shape[0] > 0, shape[1] > 0,
      shape[1] == shape[2], shape[3] == 3
    else { throw refuse("its pictures are not [count, side, side, 3]" + remedy) }
    guard let root = metadata["root"], let fingerprint = metadata["fingerprint"],
      let turned = metadata["exifOrientation"].flatMap(Bool.init),
      let expected = metadata["sha256"],
      let entries: [Entry] = Self.decoded(metadata["samples"]),
      Set(entries.map { Array($0.path.utf8) }).count == entries.count,
      entries.allSatisfy({ !$0.category.isEmpty })
    else { throw refuse("its list of pictures is damaged" + remedy) }
    guard entries.count == shape[0] else {
      throw refuse("it lists \(counted(entries.count, "picture")) and holds \(shape[0])" + remedy)
    }
    let marked = entries.indices.filter { entries[$0].hasMask }
    let maskShape = file.shape(Self.maskTensor) ?? [0, shape[1], shape[1]]
    guard maskShape == [marked.count, shape[1], shape[1]],
      Set(file.names).subtracting([Self.tensor, Self.maskTensor]).isEmpty
    else { throw refuse("its masks are not those of its list" + remedy) }
    pixels = try file.octets(Self.tensor)
    masks = marked.isEmpty ? Data() : try file.octets(Self.maskTensor)
    var running = Digest.Running()
    running.update(pixels)
    running.update(masks)
    digest = running.hex
    guard digest == expected else {
      throw refuse("its pictures are damaged: their SHA-256 is not the one noted; copy it anew")
    }
    guard let benchmark: BenchmarkFingerprints? = Self.optional(metadata["benchmark"]),
      let leftOut: [String: Int]? = Self.optional(metadata["leftOut"])
    else { throw refuse("its list of pictures is damaged" + remedy) }
    origin = Origin(
      root: root, fingerprint: fingerprint, imageSize: shape[1], exifOrientation: turned,
      benchmark: benchmark)
    self.leftOut = leftOut ?? [:]
    let all = entries.map(\.sample)
    samples = Array(all.prefix { $0.split == .train })
    tests = Array(all.dropFirst(samples.count))
    guard tests.allSatisfy({ $0.split == .test }) else {
      throw refuse("its list of pictures is damaged" + remedy)
    }
    maskPlaces = Dictionary(uniqueKeysWithValues: zip(marked, 0...))
    places = Dictionary(
      zip(all.map { Array($0.path.utf8) }, 0...), uniquingKeysWith: { first, _ in first })
  }

  private static func decoded<Value: Decodable>(_ text: String?) -> Value? {
    text.flatMap { try? JSONDecoder().decode(Value.self, from: Data($0.utf8)) }
  }

  /// What need not be there: `.some(nil)` when it is not, nil when it is damaged.
  private static func optional<Value: Decodable>(_ text: String?) -> Value?? {
    guard let text else { return .some(nil) }
    guard let value: Value = decoded(text) else { return nil }
    return value
  }

  /// Where the pictures of these paths lie.
  /// - Throws: `FileProblem` for one that the store does not hold.
  public func places(of paths: some Sequence<String>) throws -> [Int] {
    try paths.map { name in
      guard let place = places[Array(name.utf8)] else {
        throw FileProblem(path: path, reason: "it holds no picture \(name)")
      }
      return place
    }
  }

  /// What marks the defect of the picture at `index`, `[S, S]`, 1 where anomalous; nil when nothing does.
  public func mask(_ index: Int) -> [UInt8]? {
    maskPlaces[index].map { place in
      let size = origin.imageSize * origin.imageSize
      let start = masks.startIndex + place * size
      return Array(masks[start..<start + size])
    }
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
    var split: Split
    var label: Label
    var hasMask: Bool

    init(_ sample: Sample, hasMask: Bool) {
      (category, path, split, label) = (sample.category, sample.path, sample.split, sample.label)
      self.hasMask = hasMask
    }

    var sample: Sample { Sample(path: path, category: category, split: split, label: label) }
  }
}

extension PictureStore {
  /// A picture that goes into a store.
  public struct Content: Sendable {
    /// `S·S·3` bytes.
    public var rgb: [UInt8]
    /// `S·S` bytes, above 0 where anomalous; nil when nothing is marked, or nothing that can be read.
    public var mask: [UInt8]?
    /// What is wrong with its mask; the picture itself is right.
    public var maskProblem: FileProblem?

    public init(rgb: [UInt8], mask: [UInt8]? = nil, maskProblem: FileProblem? = nil) {
      (self.rgb, self.mask, self.maskProblem) = (rgb, mask, maskProblem)
    }
  }

  /// Writes a store, picture by picture: memory holds one at a time and the masks, and the file has its
  /// name once it is complete.
  ///
  /// - Parameters:
  ///   - samples: the pictures that may come, those to train on first; their paths are as seen from the
  ///     data set.
  ///   - unusable: how many more files there are that cannot be used, by category.
  ///   - fill: hands over the pictures that could be decoded, in order, each by its place in `samples`.
  /// - Returns: how many pictures it holds, and how many bytes the file has.
  /// - Throws: `FileProblem` when nothing could be decoded or the file cannot be written; what `fill`
  ///   throws.
  @discardableResult
  public static func write(
    _ origin: Origin, _ samples: [Sample], unusable: [String: Int] = [:], to path: String,
    fill: (_ append: (_ place: Int, _ content: Content) throws -> Void) throws -> Void
  ) throws -> (pictures: Int, bytes: Int) {
    // Until a picture is in, it counts as left out. The header is never longer than with all of them
    // named and counted; spaces at its end fill the room.
    var leftOut = unusable
    for sample in samples { leftOut[sample.category, default: 0] += 1 }
    let longest = samples.map { Entry($0, hasMask: false) }
    let room =
      try
      (header(
        origin, longest, leftOut: leftOut, masks: samples.count, digest: Digest.Running().hex
      ).count + 7) / 8 * 8
    let area = origin.imageSize * origin.imageSize
    var kept: [Entry] = []
    var masks = Data()
    var digest = Digest.Running()
    try AtomicFile.write(to: path) { file in
      try file.append(Data(count: 8 + room))
      try fill { place, content in
        guard content.rgb.count == area * 3, content.mask.map({ $0.count == area }) ?? true else {
          throw FileProblem(
            path: samples[place].path,
            reason: "\(content.rgb.count) bytes of a picture of \(area * 3)")
        }
        digest.update(content.rgb)
        kept.append(Entry(samples[place], hasMask: content.mask != nil))
        // A mask that cannot be read is left out, and its picture is not.
        if content.maskProblem == nil { leftOut[samples[place].category, default: 0] -= 1 }
        masks += content.mask.map { Data($0.map { $0 > 0 ? 1 : 0 }) } ?? Data()
        try file.append(Data(content.rgb))
      }
      guard !kept.isEmpty else {
        throw FileProblem(path: path, reason: "not written: no picture could be decoded")
      }
      digest.update(masks)
      try file.append(masks)
      var head = withUnsafeBytes(of: UInt64(room).littleEndian) { Data($0) }
      head += try header(
        origin, kept, leftOut: leftOut.filter { $0.value > 0 }, masks: masks.count / area,
        digest: digest.hex)
      head += Data(repeating: UInt8(ascii: " "), count: 8 + room - head.count)
      try file.overwrite(head, at: 0)
      try file.synchronize()
    }
    return (kept.count, 8 + room + kept.count * area * 3 + masks.count)
  }

  private static func header(
    _ origin: Origin, _ entries: [Entry], leftOut: [String: Int], masks: Int, digest: String
  ) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    func text(_ value: some Encodable) throws -> String {
      String(decoding: try encoder.encode(value), as: UTF8.self)
    }
    let side = origin.imageSize
    var metadata = [
      "format": format, "root": origin.root, "fingerprint": origin.fingerprint,
      "exifOrientation": "\(origin.exifOrientation)", "sha256": digest,
      "samples": try text(entries),
    ]
    if let benchmark = origin.benchmark { metadata["benchmark"] = try text(benchmark) }
    if !leftOut.isEmpty { metadata["leftOut"] = try text(leftOut) }
    let end = entries.count * side * side * 3
    var items: [String: SafeTensorsHeader.Item] = [
      SafeTensorsHeader.metadataKey: .metadata(metadata),
      tensor: .tensor(
        .init(
          dtype: StoredType.uint8.rawValue, shape: [entries.count, side, side, 3],
          offsets: [0, end])),
    ]
    if masks > 0 {
      items[maskTensor] = .tensor(
        .init(
          dtype: StoredType.uint8.rawValue, shape: [masks, side, side],
          offsets: [end, end + masks * side * side]))
    }
    return try SafeTensorsHeader.encode(items)
  }
}
