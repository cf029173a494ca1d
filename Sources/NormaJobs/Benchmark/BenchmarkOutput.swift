import Foundation
import NormaBenchmark
import NormaCore
import NormaFiles
import NormaReport

/// The folder of a benchmark: the database, tables for spreadsheets, the page, the models.
public struct BenchmarkOutput {
  /// What the folder is opened for.
  public enum Use: Sendable {
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
    if use != .look, !FilePath.exists(folder + "/benchmark.sqlite") {
      try OutputFile(folder + "/index.html", .page).check(replaces: true)
    }
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

/// A benchmark's table for the terminal.
package enum BenchmarkText {
  package static func table(_ summary: BenchmarkSummary) -> String {
    var table = TextTable(
      columns: [
        "row", "seeds", "image AUROC", "95 %", "paper", "pixel AUROC", "paper", "AUPRO",
        "F1 own", "F1 shared", "trained",
      ], right: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    for row in summary.rows {
      let interval =
        row.imageInterval.map { "\(Figures.metric($0.low))…\(Figures.metric($0.high))" }
        ?? Figures.absent
      table.add([
        row.name, "\(row.seeds.count)", text(row.imageAUROC), interval,
        published(row.published?.image), text(row.pixelAUROC), published(row.published?.pixel),
        text(row.aupro), text(row.categoryF1), text(row.sharedF1),
        row.trainingSeconds.map { Figures.duration($0.mean) } ?? Figures.absent,
      ])
    }
    return table.text
  }

  private static func text(_ spread: Spread?) -> String {
    guard let spread else { return Figures.absent }
    return Figures.metric(spread.mean)
      + (spread.deviation.map { " ± \(Figures.metric($0))" } ?? "")
  }

  private static func published(_ figure: Double?) -> String {
    figure.map { Figures.metric($0 / 100) } ?? Figures.absent
  }

}
