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
    migrator.registerMigration("verdicts") { database in
      try database.alter(table: "category") {
        $0.add(column: "verdictFalseAlarms", .integer)
        $0.add(column: "verdictMisses", .integer)
      }
      try database.alter(table: "picture") { $0.add(column: "flagged", .boolean) }
    }
    migrator.registerMigration("levels") { database in
      try database.alter(table: "picture") {
        $0.add(column: "level", .double)
        $0.add(column: "unknown", .boolean)
      }
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

/// A line of the table `run`.
extension BenchmarkRecord.Run: FetchableRecord, PersistableRecord {
  public static let databaseTableName = "run"

  func record(lines: [CategoryLine], pictures: [ScoredPicture]) -> BenchmarkRecord {
    func only(_ kind: CategoryLine.Kind) -> CategoryResult {
      lines.first { $0.kind == kind }?.result
        ?? CategoryResult(name: kind.rawValue, normalCount: 0, anomalousCount: 0)
    }
    return BenchmarkRecord(
      run: self,
      result: EvaluationResult(
        categories: lines.filter { $0.kind == .category }.map(\.result), mean: only(.mean),
        pooled: only(.pooled)),
      pictures: pictures)
  }
}

/// A line of the table `category`.
struct CategoryLine: Codable, FetchableRecord, PersistableRecord {
  static let databaseTableName = "category"
  static let metrics = [
    "imageAUROC", "imageAP", "imageF1Max", "pixelAUROC", "pixelAP", "aupro", "sharedF1", "ownF1",
  ]
  static let outcomes = [
    "sharedThreshold", "sharedFalseAlarms", "sharedMisses", "ownThreshold", "ownFalseAlarms",
    "ownMisses",
  ]

  /// One of the data set's categories, their mean, or all their pictures together.
  enum Kind: String, Codable { case category, mean, pooled }

  var run: String
  var kind: Kind
  var name: String
  var normalCount: Int
  var anomalousCount: Int
  var imageAUROC: Double?
  var imageAP: Double?
  var imageF1Max: Double?
  var pixelAUROC: Double?
  var pixelAP: Double?
  var aupro: Double?
  /// F1 by the model's own thresholds: the one for all, and the category's.
  var sharedF1: Double?
  var ownF1: Double?
  var verdictFalseAlarms: Int?
  var verdictMisses: Int?
  var sharedThreshold: Float?
  var sharedFalseAlarms: Int?
  var sharedMisses: Int?
  var ownThreshold: Float?
  var ownFalseAlarms: Int?
  var ownMisses: Int?

  static func all(of record: BenchmarkRecord) -> [CategoryLine] {
    record.result.categories.map { CategoryLine(record.key, .category, $0) } + [
      CategoryLine(record.key, .mean, record.result.mean),
      CategoryLine(record.key, .pooled, record.result.pooled),
    ]
  }

  init(_ run: String, _ kind: Kind, _ result: CategoryResult) {
    self.run = run
    self.kind = kind
    name = result.name
    normalCount = result.normalCount
    anomalousCount = result.anomalousCount
    imageAUROC = result.imageAUROC
    imageAP = result.imageAP
    imageF1Max = result.imageF1Max
    pixelAUROC = result.pixelAUROC
    pixelAP = result.pixelAP
    aupro = result.aupro
    sharedF1 = result.shared?.f1(anomalous: result.anomalousCount)
    ownF1 = result.own?.f1(anomalous: result.anomalousCount)
    verdictFalseAlarms = result.verdicts?.falseAlarms
    verdictMisses = result.verdicts?.misses
    sharedThreshold = result.shared?.threshold
    sharedFalseAlarms = result.shared?.falseAlarms
    sharedMisses = result.shared?.misses
    ownThreshold = result.own?.threshold
    ownFalseAlarms = result.own?.falseAlarms
    ownMisses = result.own?.misses
  }

  var result: CategoryResult {
    func outcome(_ threshold: Float?, _ alarms: Int?, _ misses: Int?) -> ThresholdOutcome? {
      guard let alarms, let misses else { return nil }
      return ThresholdOutcome(threshold: threshold, falseAlarms: alarms, misses: misses)
    }
    return CategoryResult(
      name: name, normalCount: normalCount, anomalousCount: anomalousCount, imageAUROC: imageAUROC,
      imageAP: imageAP, imageF1Max: imageF1Max, pixelAUROC: pixelAUROC, pixelAP: pixelAP,
      aupro: aupro, verdicts: outcome(nil, verdictFalseAlarms, verdictMisses),
      shared: outcome(sharedThreshold, sharedFalseAlarms, sharedMisses),
      own: outcome(ownThreshold, ownFalseAlarms, ownMisses))
  }
}

/// A line of the table `picture`.
struct PictureLine: Codable, FetchableRecord, PersistableRecord {
  static let databaseTableName = "picture"

  var run: String
  var path: String
  var category: String
  var isAnomalous: Bool
  var score: Float
  var uncertainty: Float?
  var flagged: Bool?
  var level: Double?
  var unknown: Bool?

  init(run: String, _ picture: ScoredPicture) {
    self.run = run
    path = picture.path
    category = picture.category
    isAnomalous = picture.isAnomalous
    score = picture.score
    uncertainty = picture.uncertainty
    flagged = picture.flagged
    level = picture.level
    unknown = picture.unknown
  }

  var picture: ScoredPicture {
    ScoredPicture(
      path: path, category: category, isAnomalous: isAnomalous, score: score,
      uncertainty: uncertainty, flagged: flagged, level: level, unknown: unknown)
  }
}
