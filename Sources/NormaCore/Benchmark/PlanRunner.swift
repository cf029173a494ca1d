/// What does a plan's runs: on files or on stores of pictures, by whatever engines are there.
public protocol PlanEngine {
  /// Whether what `run` finds is known already.
  func isDone(_ run: BenchmarkRun) throws -> Bool

  /// Trains and tests.
  func measure(_ run: BenchmarkRun) throws -> BenchmarkRecord

  /// Keeps what `run` found, and lets go of what no later run needs.
  /// - Parameter rest: the runs that come after it.
  func keep(_ record: BenchmarkRecord, of run: BenchmarkRun, before rest: [BenchmarkRun]) throws
}

/// Works through a plan's runs: what is done stays done, what was interrupted goes on, and a run that
/// fails stops no other.
public struct PlanRunner {
  /// Of the whole plan.
  public let runs: [BenchmarkRun]
  private let isWanted: (BenchmarkRun) -> Bool
  private let engine: any PlanEngine
  private let context: JobContext

  /// What an interruption says.
  public static let stopped =
    "Stopped. What is done is kept, the training under way too; the same command goes on."

  /// - Parameter wanted: which of the runs are to be done.
  public init(
    _ runs: [BenchmarkRun], by engine: any PlanEngine, _ context: JobContext,
    wanted: @escaping (BenchmarkRun) -> Bool = { _ in true }
  ) {
    (self.runs, self.engine, self.context, isWanted) = (runs, engine, context, wanted)
  }

  /// Does what is left to do.
  /// - Returns: how many failed.
  /// - Throws: `Interrupted` when a stop is requested.
  public func run() throws -> Int {
    var failures = 0
    for (index, run) in runs.enumerated() where isWanted(run) {
      if try engine.isDone(run) { continue }
      try context.check(Self.stopped)
      context.note("\n[\(index + 1)/\(runs.count)] \(run.title)")
      do {
        let record = try engine.measure(run)
        try engine.keep(record, of: run, before: Array(runs[(index + 1)...]))
        context.note(record.summary)
      } catch let stop as Interrupted {
        throw stop
      } catch {
        failures += 1
        context.failure("\(run.title): \(error)")
      }
    }
    return failures
  }
}

extension BenchmarkRun {
  /// `gate only, seed 0: bottle, tire`.
  public var title: String { "\(row), seed \(seed): \(categories.joined(separator: ", "))" }
}

/// `2/3`: the second of three shares of a plan's trainings.
public struct PlanPart: Sendable, Equatable, CustomStringConvertible {
  public private(set) var number = 1
  public private(set) var of = 1

  /// All of it.
  public init() {}

  /// Reads `2/3`; nil for what is no part of a whole.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let number = parts[0], let of = parts[1], of >= 1,
      (1...of).contains(number)
    else { return nil }
    (self.number, self.of) = (number, of)
  }

  public var description: String { "\(number)/\(of)" }

  /// The part of `runs` that this is; all that is tested of a training stays together.
  /// - Parameter training: names the training of a run.
  public func holds(
    _ runs: [BenchmarkRun], training: @escaping (BenchmarkRun) -> String
  ) -> (BenchmarkRun) -> Bool {
    var places: [String: Int] = [:]
    for run in runs {
      let key = training(run)
      places[key] = places[key] ?? places.count
    }
    let wanted = Set(places.filter { $0.value % of == number - 1 }.keys)
    return { wanted.contains(training($0)) }
  }
}

extension BenchmarkRecord {
  /// Takes in what a training left behind.
  /// - Parameters:
  ///   - trained: pictures that the network learned from.
  ///   - heldOut: pictures that were held out of it.
  public mutating func take(_ losses: LossHistory, trained: Int, heldOut: Int) {
    (run.trainingPictures, run.heldOutPictures) = (trained, heldOut)
    run.trainingSeconds = losses.seconds
    // A fit has none, which is not the same as none that were begun.
    run.epochs = losses.epochs.isEmpty ? nil : losses.epochs.count
    run.steps = losses.steps
    run.losses = Self.losses(
      losses.epochs.enumerated().map { ($0 + 1, $1.training, $1.heldOut) })
  }
}

/// What somebody wants of a benchmark's plan otherwise than it says.
public struct PlanOptions: Sendable, Equatable {
  public var setting: BenchmarkPlan.Setting?
  /// The rows to run; empty: all.
  public var rows: [String]
  public var seeds: [Int]?
  /// Minutes of training a run.
  public var minutes: Double?
  /// Epochs of each run, instead of the plan's epochs and minutes.
  public var epochs: Int?

  public init(
    setting: BenchmarkPlan.Setting? = nil, rows: [String] = [], seeds: [Int]? = nil,
    minutes: Double? = nil, epochs: Int? = nil
  ) {
    (self.setting, self.rows, self.seeds) = (setting, rows, seeds)
    (self.minutes, self.epochs) = (minutes, epochs)
  }

  /// The plan with these options.
  /// - Throws: `RecipeProblem` for values that cannot be.
  public func applied(to plan: BenchmarkPlan) throws -> BenchmarkPlan {
    var plan = plan
    if let setting {
      if let groups = plan.groups { plan.categories = groups.flatMap { $0 } }
      plan.groups = nil
      plan.setting = setting
    }
    if let seeds { plan.seeds = seeds }
    if minutes != nil || epochs != nil {
      plan.minutes = minutes
      plan.epochs = epochs ?? plan.epochs
      let replaced = epochs == nil ? ["training.minutes"] : ["training.minutes", "training.epochs"]
      plan.set.entries.removeAll { replaced.contains($0.key) }
      for index in plan.rows.indices {
        plan.rows[index].set.entries.removeAll { replaced.contains($0.key) }
      }
    }
    try plan.validate()
    return plan
  }

  /// The rows to run: those that are named, or all of them.
  /// - Parameter file: the plan's, for messages.
  /// - Throws: `UsageProblem` for a name that no row has.
  public func chosen(of all: [BenchmarkRow], file: String) throws -> [BenchmarkRow] {
    let known = all.map(\.name)
    if let stranger = rows.first(where: { !known.contains($0) }) {
      throw UsageProblem(
        "--row is '\(stranger)', which is no row of \(file)"
          + "\(Spelling.hint(for: stranger, among: known)); the rows: "
          + known.joined(separator: " · "))
    }
    return rows.isEmpty ? all : all.filter { rows.contains($0.name) }
  }
}
