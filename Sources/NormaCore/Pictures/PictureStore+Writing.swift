import Foundation

extension PictureStore {
  /// Writes a store, picture by picture: memory holds one at a time, and the file has its name once it is
  /// complete.
  ///
  /// - Parameters:
  ///   - samples: the pictures that may come; their paths are as seen from the data set.
  ///   - fill: hands over the pictures that could be decoded, in order, each by its place in `samples`
  ///     with its `S·S·3` bytes.
  /// - Returns: how many pictures it holds, and how many bytes the file has.
  /// - Throws: `FileProblem` when nothing could be decoded or the file cannot be written; what `fill`
  ///   throws.
  @discardableResult
  public static func write(
    _ origin: Origin, _ samples: [Sample], to path: String,
    fill: (_ append: (_ place: Int, _ rgb: [UInt8]) throws -> Void) throws -> Void
  ) throws -> (pictures: Int, bytes: Int) {
    let entries = samples.map { Entry(category: $0.category, path: $0.path) }
    // Pictures that cannot be decoded make the header shorter; spaces at its end fill the room.
    let room = try (header(origin, entries, digest: Digest.Running().hex).count + 7) / 8 * 8
    let size = origin.imageSize * origin.imageSize * 3
    var kept: [Entry] = []
    var digest = Digest.Running()
    try AtomicFile.write(to: path) { file in
      try file.append(Data(count: 8 + room))
      try fill { place, rgb in
        guard rgb.count == size else {
          throw FileProblem(
            path: samples[place].path, reason: "\(rgb.count) bytes of a picture of \(size)")
        }
        digest.update(rgb)
        kept.append(entries[place])
        try file.append(Data(rgb))
      }
      guard !kept.isEmpty else {
        throw FileProblem(path: path, reason: "not written: no picture could be decoded")
      }
      var head = withUnsafeBytes(of: UInt64(room).littleEndian) { Data($0) }
      head += try header(origin, kept, digest: digest.hex)
      head += Data(repeating: UInt8(ascii: " "), count: 8 + room - head.count)
      try file.overwrite(head, at: 0)
      try file.synchronize()
    }
    return (kept.count, 8 + room + kept.count * size)
  }

  private static func header(
    _ origin: Origin, _ entries: [Entry], digest: String
  ) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let side = origin.imageSize
    return try SafeTensorsHeader.encode([
      SafeTensorsHeader.metadataKey: .metadata([
        "format": format, "root": origin.root, "fingerprint": origin.fingerprint,
        "exifOrientation": "\(origin.exifOrientation)", "sha256": digest,
        "samples": String(decoding: try encoder.encode(entries), as: UTF8.self),
      ]),
      tensor: .tensor(
        .init(
          dtype: ElementType.uint8.rawValue, shape: [entries.count, side, side, 3],
          offsets: [0, entries.count * side * side * 3])),
    ])
  }
}
