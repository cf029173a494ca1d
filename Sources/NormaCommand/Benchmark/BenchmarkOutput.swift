import Foundation
import NormaBenchmark
import NormaCore
import NormaFiles

/// The folder of a benchmark: the database, tables for spreadsheets, the page, the models.
struct BenchmarkOutput {
  /// What the folder is opened for.
  enum Use {
    /// Training and testing: one process at a time.
    case runs
    /// The table of what is done, also beside a process that trains.
    case table
    /// Only to look; nothing is made.
    case look
  }

  let folder: String
  let store: BenchmarkStore
  private let lock: FileLock?

  /// - Throws: `FileProblem` when it cannot be used, or, for `runs`, another process works in it.
  init(_ folder: String, for use: Use) throws {
    self.folder = folder
    if use != .look { try FilePath.createFolder(folder + "/models") }
    lock = use == .runs ? try Self.locked(folder) : nil
    let database = folder + "/benchmark.sqlite"
    let hasNothing = use == .look && !FilePath.exists(database)
    store = hasNothing ? try BenchmarkStore() : try BenchmarkStore(path: database)
  }

  private static func locked(_ folder: String) throws -> FileLock {
    guard let lock = try FileLock(folder + "/lock") else {
      throw FileProblem(
        path: folder,
        reason: "another benchmark is running in it; --list says how far it is, --table makes the "
          + "table of what is done; wait for it or stop it to run more")
    }
    return lock
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
