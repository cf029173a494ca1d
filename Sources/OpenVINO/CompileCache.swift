internal import Crypto
import Foundation

/// The compiled forms of one model, kept by OpenVINO in a folder of their own. OpenVINO runs a
/// cached file with a flipped byte without a word, and computes other numbers; so each file's
/// SHA-256 is kept beside it, and a file that does not match it is removed before OpenVINO looks.
///
/// Processes may share the folder: a file that one is still writing has no digest, or not the
/// right one, so that another compiles for itself.
struct CompileCache {
  private let folder: URL

  /// The cache of the model with the bytes `onnx` below `folder`, made if needed, rid of what
  /// cannot be trusted; nil when no files can be made or removed there.
  init?(_ folder: String, onnx: Data) {
    self.folder = URL(fileURLWithPath: folder)
      .appendingPathComponent(String(CompileCache.digest(onnx).prefix(32)))
    let files = FileManager.default
    try? files.createDirectory(at: self.folder, withIntermediateDirectories: true)
    guard files.isWritableFile(atPath: self.folder.path), (try? removeUntrusted()) != nil else {
      return nil
    }
  }

  var path: String { folder.path }

  /// Removes every compiled model that is not as it was when it was signed.
  private func removeUntrusted() throws {
    for blob in blobs() {
      let expected = try? String(contentsOf: signature(of: blob), encoding: .utf8)
      if expected == nil || (try? CompileCache.digest(of: blob)) != expected {
        try FileManager.default.removeItem(at: blob)
        try? FileManager.default.removeItem(at: signature(of: blob))
      }
    }
  }

  /// Writes the digests of compiled models that have none. One that cannot be written costs a
  /// compilation next time.
  func sign() {
    for blob in blobs() {
      let signature = signature(of: blob)
      guard !FileManager.default.fileExists(atPath: signature.path),
        let digest = try? CompileCache.digest(of: blob)
      else { continue }
      try? Data(digest.utf8).write(to: signature, options: .atomic)
    }
  }

  private func blobs() -> [URL] {
    let files = try? FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    return (files ?? []).filter { $0.pathExtension != "sha256" }
  }

  private func signature(of blob: URL) -> URL { blob.appendingPathExtension("sha256") }

  private static func digest(of file: URL) throws -> String {
    digest(try Data(contentsOf: file, options: .alwaysMapped))
  }

  private static func digest(_ data: Data) -> String {
    SHA256.hash(data: data).map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }
}
