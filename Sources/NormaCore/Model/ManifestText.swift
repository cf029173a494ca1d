import Foundation
import NormaFiles

/// The bytes of a manifest and the digest that they carry of themselves.
package enum ManifestText {
  /// Where the digest stands in sorted, indented JSON: no other line can begin like this, since
  /// keys of inner objects are indented further and texts cannot hold a line break.
  private static let marker = Data("\n  \"digest\" : \"".utf8)
  /// Hexadecimal digits of SHA-256.
  private static let digestLength = 64

  /// - Parameter limit: how many bytes can be read back; nil is the reader's limit.
  /// - Throws: `FileProblem` when the manifest would have more.
  package static func encode(
    _ manifest: Manifest, limit: Int? = nil
  ) throws -> (data: Data, manifest: Manifest) {
    var manifest = manifest
    manifest.digest = ""
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    var data = try encoder.encode(manifest)
    data.append(UInt8(ascii: "\n"))
    let (size, limit) = (data.count + digestLength, limit ?? ModelReader.manifestLimit)
    guard size <= limit else {
      throw FileProblem(
        path: ModelFile.manifest,
        reason: "it would have \(size) bytes; only \(limit) can be read back")
    }
    manifest.digest = Digest.sha256(data)
    guard let place = data.range(of: marker)?.upperBound else {
      throw FileProblem(path: ModelFile.manifest, reason: "it has no place for its digest")
    }
    data.insert(contentsOf: manifest.digest.utf8, at: place)
    return (data, manifest)
  }

  /// - Parameter path: for errors.
  /// - Throws: `FileProblem` when the bytes are not those that were written, or are of another
  /// format.
  static func decode(_ data: Data, path: String) throws -> Manifest {
    try checkVersion(data, path: path)
    try checkDigest(data, path: path)
    do {
      return try JSONDecoder().decode(Manifest.self, from: data)
    } catch {
      throw FileProblem(path: path, reason: "not a manifest: \(explanation(of: error))")
    }
  }

  /// A later format may be anything but for this number, so it is looked at first.
  private static func checkVersion(_ data: Data, path: String) throws {
    struct Version: Decodable { var formatVersion: Int }
    let version: Int
    do {
      version = try JSONDecoder().decode(Version.self, from: data).formatVersion
    } catch {
      throw FileProblem(path: path, reason: "not a manifest: \(explanation(of: error))")
    }
    let current = Manifest.currentFormat
    guard version <= current else {
      throw FileProblem(
        path: path,
        reason: "the model was made by a later Norma (format \(version); this one reads up to "
          + "\(current)): update Norma")
    }
    guard version >= 1 else {
      throw FileProblem(path: path, reason: "there is no model format \(version)")
    }
  }

  private static func checkDigest(_ data: Data, path: String) throws {
    let length = digestLength
    guard let place = data.range(of: marker)?.upperBound, place + length < data.endIndex else {
      throw FileProblem(path: path, reason: "it lacks the digest of itself, so it was changed")
    }
    var blank = data
    blank.removeSubrange(place..<place + length)
    let said = String(decoding: data[place..<place + length], as: UTF8.self)
    guard Digest.sha256(blank) == said else {
      throw FileProblem(
        path: path, reason: "its bytes do not match its digest: it was changed or is damaged")
    }
  }

  private static func explanation(of error: any Error) -> String {
    guard let error = error as? DecodingError else { return "\(error)" }
    func place(_ path: [any CodingKey]) -> String {
      path.isEmpty ? "" : "\(path.map(\.stringValue).joined(separator: ".")): "
    }
    switch error {
    case .keyNotFound(let key, let context):
      return "\(place(context.codingPath))'\(key.stringValue)' is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return place(context.codingPath) + context.debugDescription
    case .dataCorrupted(let context):
      return place(context.codingPath)
        + (context.codingPath.isEmpty ? "not valid JSON" : context.debugDescription)
    @unknown default: return "\(error)"
    }
  }
}
