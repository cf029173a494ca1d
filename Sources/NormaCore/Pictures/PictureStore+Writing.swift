import Foundation

extension PictureStore {
  /// A picture that goes into a store.
  public struct Content: Sendable {
    /// `S·S·3` bytes.
    public var rgb: [UInt8]
    /// `S·S` bytes, above 0 where anomalous; nil when nothing is marked.
    public var mask: [UInt8]?

    public init(rgb: [UInt8], mask: [UInt8]? = nil) {
      (self.rgb, self.mask) = (rgb, mask)
    }
  }

  /// Writes a store, picture by picture: memory holds one at a time and the masks, and the file has its
  /// name once it is complete.
  ///
  /// - Parameters:
  ///   - samples: the pictures that may come, those to train on first; their paths are as seen from the
  ///     data set.
  ///   - fill: hands over the pictures that could be decoded, in order, each by its place in `samples`.
  /// - Returns: how many pictures it holds, and how many bytes the file has.
  /// - Throws: `FileProblem` when nothing could be decoded or the file cannot be written; what `fill`
  ///   throws.
  @discardableResult
  public static func write(
    _ origin: Origin, _ samples: [Sample], to path: String,
    fill: (_ append: (_ place: Int, _ content: Content) throws -> Void) throws -> Void
  ) throws -> (pictures: Int, bytes: Int) {
    // Pictures that cannot be decoded make the header shorter, as counting one takes less than naming it;
    // spaces at its end fill the room.
    let longest = samples.map { Entry($0, hasMask: false) }
    let room =
      try (header(origin, longest, masks: samples.count, digest: Digest.Running().hex).count + 7)
      / 8 * 8
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
        origin, kept, leftOut: leftOut(of: samples, kept), masks: masks.count / area,
        digest: digest.hex)
      head += Data(repeating: UInt8(ascii: " "), count: 8 + room - head.count)
      try file.overwrite(head, at: 0)
      try file.synchronize()
    }
    return (kept.count, 8 + room + kept.count * area * 3 + masks.count)
  }

  /// How many pictures to test with could not be decoded, by category.
  private static func leftOut(of samples: [Sample], _ kept: [Entry]) -> [String: Int] {
    let known = Set(kept.map { Array($0.path.utf8) })
    let missing = samples.filter { $0.split == .test && !known.contains(Array($0.path.utf8)) }
    return Dictionary(grouping: missing, by: \.category).mapValues(\.count)
  }

  private static func header(
    _ origin: Origin, _ entries: [Entry], leftOut: [String: Int] = [:], masks: Int, digest: String
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
          dtype: ElementType.uint8.rawValue, shape: [entries.count, side, side, 3],
          offsets: [0, end])),
    ]
    if masks > 0 {
      items[maskTensor] = .tensor(
        .init(
          dtype: ElementType.uint8.rawValue, shape: [masks, side, side],
          offsets: [end, end + masks * side * side]))
    }
    return try SafeTensorsHeader.encode(items)
  }
}
