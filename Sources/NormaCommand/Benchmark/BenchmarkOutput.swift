import Foundation
import NormaBenchmark
import NormaCore

/// The folder of a benchmark: the database, tables for spreadsheets, the page, the models.
struct BenchmarkOutput {
  let folder: String
  let store: BenchmarkStore
  private let lock: FileLock

  /// Makes the folder, or opens one that is there.
  /// - Throws: `FileProblem` when it cannot be written, or another process works in it.
  init(_ folder: String) throws {
    try FilePath.createFolder(folder + "/models")
    guard let lock = try FileLock(folder + "/lock") else {
      throw FileProblem(
        path: folder, reason: "another benchmark is writing it; wait for that one, or stop it")
    }
    self.folder = folder
    self.lock = lock
    store = try BenchmarkStore(path: folder + "/benchmark.sqlite")
  }

  var page: String { folder + "/index.html" }

  func modelPath(_ trainingKey: String) -> String {
    "\(folder)/models/\(trainingKey.prefix(16)).norma"
  }

  func write(
    _ summary: BenchmarkSummary, records: [(row: String, record: BenchmarkRecord)]
  ) throws {
    let files = [
      (page, BenchmarkPage.html(summary)), (folder + "/summary.csv", BenchmarkCSV.summary(summary)),
      (folder + "/results.csv", BenchmarkCSV.results(records)),
    ]
    for (path, text) in files { try AtomicFile.write(Data(text.utf8), to: path) }
  }
}
