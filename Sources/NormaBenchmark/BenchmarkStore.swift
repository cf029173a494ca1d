import Foundation
import GRDB
import NormaCore
import NormaFiles

/// The database of a benchmark's runs: `run`, a line a run; `category`, its figures by category, with
/// the lines `mean` and `pooled`; `picture`, every score. A run is there whole or not at all.
public final class BenchmarkStore: Sendable {
  private let queue: DatabaseQueue

  /// A database of no runs, in memory alone.
  public init() throws {
    queue = try DatabaseQueue()
    try Self.migrator.migrate(queue)
  }

  /// Opens the database at `path`, which is made when it is missing.
  /// - Throws: `FileProblem` when it cannot be opened, or is of a newer Norma.
  public init(path: String) throws {
    do {
      var configuration = Configuration()
      // Another process may be writing its run: a moment's wait, not a failure.
      configuration.busyMode = .timeout(30)
      queue = try DatabaseQueue(path: path, configuration: configuration)
      let migrator = Self.migrator
      if try queue.read(migrator.hasBeenSuperseded) {
        throw FileProblem(path: path, reason: "it was written by a newer version of Norma")
      }
      try migrator.migrate(queue)
    } catch let error as DatabaseError {
      throw FileProblem(
        path: path, reason: "it cannot be used as a database: \(error.message ?? "\(error)")")
    }
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("runs") { database in
      try database.create(table: "run") { table in
        table.primaryKey("key", .text)
        for name in ["plan", "row", "recipe", "method", "categories", "dataset", "fingerprint"] {
          table.column(name, .text).notNull()
        }
        table.column("seed", .integer).notNull()
        table.column("jitter", .double)
        table.column("recipeYAML", .text).notNull()
        table.column("trainingPictures", .integer).notNull()
        table.column("heldOutPictures", .integer).notNull()
        table.column("trainingSeconds", .double)
        table.column("epochs", .integer)
        table.column("steps", .integer)
        table.column("losses", .text).notNull()
        table.column("millisecondsPerPicture", .double)
        table.column("peakAnonymousBytes", .integer)
        table.column("unreadable", .integer).notNull()
        for name in ["toolVersion", "machine", "finished"] { table.column(name, .text).notNull() }
      }
      try database.create(table: "category") { table in
        table.column("run", .text).notNull().references("run", onDelete: .cascade)
        table.column("kind", .text).notNull()
        table.column("name", .text).notNull()
        for name in ["normalCount", "anomalousCount"] { table.column(name, .integer).notNull() }
        for name in CategoryLine.metrics { table.column(name, .double) }
        for name in CategoryLine.outcomes { table.column(name, .numeric) }
        table.primaryKey(["run", "kind", "name"])
      }
      try database.create(table: "picture") { table in
        table.column("run", .text).notNull().references("run", onDelete: .cascade)
        table.column("path", .text).notNull()
        table.column("category", .text).notNull()
        table.column("isAnomalous", .boolean).notNull()
        table.column("score", .double).notNull()
        table.primaryKey(["run", "path"])
      }
    }
    migrator.registerMigration("uncertainty") { database in
      try database.alter(table: "picture") { $0.add(column: "uncertainty", .double) }
    }
    return migrator
  }

  /// Keeps a run, in the place of an older one with its key.
  public func add(_ record: BenchmarkRecord) throws {
    try queue.write { database in
      try database.execute(sql: "DELETE FROM run WHERE key = ?", arguments: [record.key])
      try record.run.insert(database)
      for line in CategoryLine.all(of: record) { try line.insert(database) }
      for picture in record.pictures {
        try PictureLine(run: record.key, picture).insert(database)
      }
    }
  }

  /// Whether there is a run with this key.
  public func contains(_ key: String) throws -> Bool {
    try queue.read { try BenchmarkRecord.Run.exists($0, key: key) }
  }

  /// The run with this key; nil when there is none.
  public func record(_ key: String) throws -> BenchmarkRecord? {
    try queue.read { database in
      guard let run = try BenchmarkRecord.Run.fetchOne(database, key: key) else { return nil }
      let lines = try CategoryLine.filter(Column("run") == key).order(Column("name"))
        .fetchAll(database)
      let pictures = try PictureLine.filter(Column("run") == key)
        .order(Column("category"), Column("path")).fetchAll(database)
      return run.record(lines: lines, pictures: pictures.map(\.picture))
    }
  }
}
