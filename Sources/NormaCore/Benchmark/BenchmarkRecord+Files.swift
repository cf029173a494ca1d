import Foundation
import NormaFiles

extension BenchmarkRecord {
  private static let ending = ".record.json"

  /// Where the record of a run lies in a folder of records.
  public static func path(of key: String, in folder: String) -> String {
    "\(folder)/\(key.prefix(32))\(ending)"
  }

  /// Writes the record into a folder of records, as a whole or not at all.
  public func write(into folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    try AtomicFile.write(encoder.encode(self), to: Self.path(of: run.key, in: folder))
  }

  /// Reads the records of a folder, sorted by file.
  /// - Throws: `FileProblem` for a folder without records, or a record that is damaged.
  public static func all(in folder: String) throws -> [BenchmarkRecord] {
    let names = try FolderListing(folder).files.filter { $0.hasSuffix(ending) }.sorted()
    guard !names.isEmpty else {
      throw FileProblem(
        path: folder,
        reason: "it holds no records (….record.json), which 'norma-train benchmark' writes")
    }
    return try names.map { name in
      let path = folder + "/" + name
      do {
        return try JSONDecoder().decode(
          BenchmarkRecord.self, from: PosixFile(reading: path).readAll(limit: 1 << 28))
      } catch is DecodingError {
        throw FileProblem(
          path: path, reason: "this is not the record of a run, or it is damaged; copy it anew")
      }
    }
  }
}
