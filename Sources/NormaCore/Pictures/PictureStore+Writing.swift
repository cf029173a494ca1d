import Foundation
import NormaFiles

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
