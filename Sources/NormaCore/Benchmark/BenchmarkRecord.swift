import Foundation
import NormaFiles

/// What a run of a plan found, as the database keeps it and as one machine hands it to another. The run's
/// own facts are its members too.
@dynamicMemberLookup
public struct BenchmarkRecord: Codable, Sendable, Equatable {
  /// What there is to say of a run in one line.
  public struct Run: Codable, Sendable, Equatable {
    /// `BenchmarkRun.key(pictures:test:)`.
    public var key: String
    /// The plan and the row that asked for it first.
    public var plan: String
    public var row: String
    public var recipe: String
    public var method: String
    public var seed: Int
    /// Separated by commas.
    public var categories: String
    /// Noise while testing; nil: none.
    public var jitter: Double?
    public var dataset: String
    /// Of the training pictures of its categories.
    public var fingerprint: String
    /// The resolved recipe.
    public var recipeYAML: String
    public var trainingPictures = 0
    public var heldOutPictures = 0
    public var trainingSeconds: Double?
    /// Epochs begun, the last one perhaps not ended when time was up.
    public var epochs: Int?
    public var steps: Int?
    /// Losses by epoch, as JSON: `[[epoch, training, held out or null], …]`.
    public var losses = "[]"
    /// Wall-clock time of detection, decoding included, per picture.
    public var millisecondsPerPicture: Double?
    /// The largest sum of the process's own (anonymous) resident pages, in bytes.
    public var peakAnonymousBytes: Int?
    public var unreadable = 0
    public var toolVersion = NormaVersion.current
    public var machine = ""
    /// When the run was done, ISO 8601 in UTC.
    public var finished = ""
  }

  public var run: Run
  /// What the evaluation found.
  public var result: EvaluationResult
  /// Every tested picture, paths relative to the data set, sorted by category, then path.
  public var pictures: [ScoredPicture]

  public subscript<Value>(dynamicMember path: WritableKeyPath<Run, Value>) -> Value {
    get { run[keyPath: path] }
    set { run[keyPath: path] = newValue }
  }

  public init(run: Run, result: EvaluationResult, pictures: [ScoredPicture]) {
    (self.run, self.result, self.pictures) = (run, result, pictures)
  }

  public init(
    key: String, plan: String, row: String, recipe: String, method: String, seed: Int,
    categories: String, jitter: Double?, dataset: String, fingerprint: String, recipeYAML: String,
    result: EvaluationResult, pictures: [ScoredPicture]
  ) {
    run = Run(
      key: key, plan: plan, row: row, recipe: recipe, method: method, seed: seed,
      categories: categories, jitter: jitter, dataset: dataset, fingerprint: fingerprint,
      recipeYAML: recipeYAML)
    self.result = result
    self.pictures = pictures
  }
}

extension BenchmarkRecord {
  /// A record of `run` as it stands when its test is done; what else is known of it is set after that.
  /// - Parameters:
  ///   - fingerprint: of the training pictures.
  ///   - pictures: paths relative to the data set.
  public init(
    _ run: BenchmarkRun, plan: String, key: String, dataset: String, fingerprint: String,
    result: EvaluationResult, pictures: [ScoredPicture]
  ) {
    self.init(
      key: key, plan: plan, row: run.row, recipe: run.recipeName, method: run.recipe.method,
      seed: run.seed, categories: run.categories.joined(separator: ","), jitter: run.jitter,
      dataset: dataset, fingerprint: fingerprint, recipeYAML: run.recipe.yaml, result: result,
      pictures: pictures)
    self.run.finished = Date().formatted(.iso8601)
  }

  /// Losses as a record keeps them: `[[epoch, training, held out or null], …]`.
  public static func losses(
    _ epochs: [(number: Int, training: Double, heldOut: Double?)]
  ) -> String {
    let rows = epochs.map {
      "[\($0.number),\($0.training),\($0.heldOut.map { "\($0)" } ?? "null")]"
    }
    return "[\(rows.joined(separator: ","))]"
  }

  /// What was found, in a line for people.
  public var summary: String {
    func metric(_ value: Double?) -> String {
      Figures.metric(value, decimals: 2)
    }
    return
      "image AUROC \(metric(result.mean.imageAUROC)), pixel \(metric(result.mean.pixelAUROC)), "
      + "AUPRO \(metric(result.mean.aupro)); trained "
      + (run.trainingSeconds.map(Figures.duration) ?? Figures.absent)
      + ", \(counted(run.epochs ?? 0, "epoch"))"
  }
}

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

/// The fingerprints of a data set's pictures by category, which name a plan's runs and their models, on
/// whatever machine these are computed.
public struct BenchmarkFingerprints: Codable, Sendable, Equatable {
  /// Of the pictures to train on, by category.
  public var training: [String: String]
  /// Of the pictures and masks to test with and their labels, by category.
  public var test: [String: String]
  /// How pictures are read: whatever makes the same files other pictures.
  public var reading: String

  public init(training: [String: String], test: [String: String], reading: String) {
    (self.training, self.test, self.reading) = (training, test, reading)
  }

  /// Of the training pictures of `categories`.
  public func ofTraining(_ categories: [String]) -> String { joined(categories, training) }

  /// Names the model of `run`; see ``BenchmarkRun/trainingKey(pictures:)``.
  public func trainingKey(of run: BenchmarkRun) -> String {
    run.trainingKey(pictures: ofTraining(run.categories))
  }

  /// Names what `run` finds.
  public func key(of run: BenchmarkRun) -> String {
    run.key(pictures: ofTraining(run.categories), test: joined(run.categories, test))
  }

  private func joined(_ categories: [String], _ fingerprints: [String: String]) -> String {
    let facts = [reading] + categories.map { "\($0) \(fingerprints[$0] ?? "")" }
    return Digest.sha256(Data(facts.joined(separator: "\n").utf8))
  }
}

/// Noise for the features of one picture after another, by which a network's tolerance is measured
/// (RAS, Table 6). A picture's noise depends on the seed and on the picture's place in its data set,
/// not on where the data set lies or on what is inspected besides, so that two models see the same.
public struct DetectionNoise: Sendable {
  public let seed: UInt64
  /// `[1, tokens, C]`.
  public let shape: [Int]

  public init(seed: UInt64, shape: [Int]) {
    (self.seed, self.shape) = (seed, shape)
  }

  /// N(0, 1) for the picture of this path.
  public func values(for path: String) -> [Float] {
    var generator = SeededGenerator(seed: seed, stream: "noise \(Self.place(of: path))")
    return (0..<shape.reduce(1, *)).map { _ in Float(generator.normal()) }
  }

  /// Category, split, kind and file: what a data set's own part of the path is in MVTec AD's layout.
  public static func place(of path: String) -> String {
    path.split(separator: "/").suffix(4).joined(separator: "/")
  }
}
