import ArgumentParser
import NormaCore

/// What a command line says otherwise than the plan of a benchmark.
public struct BenchmarkWishes: ParsableArguments {
  @Option(help: "unified: one model for all categories; separate: one each.")
  public var setting: String?

  @Option(
    name: .customLong("row"), parsing: .singleValue,
    help: ArgumentHelp("Run this row of the plan only; may be given again.", valueName: "name"))
  public var rowNames: [String] = []

  @Option(help: "Seeds instead of the plan's, separated by commas.")
  public var seeds: String?

  @Option(help: "Minutes of training a run, instead of the plan's.")
  public var minutes: Double?

  @Option(help: "Epochs of each run, instead of the plan's epochs and minutes.")
  public var epochs: Int?

  public init() {}

  public func validate() throws {
    if let setting, BenchmarkPlan.Setting(rawValue: setting) == nil {
      throw ValidationError("--setting is '\(setting)'; unified or separate can be said.")
    }
    if let seeds, seeds.commaSeparated.contains(where: { (Int($0) ?? -1) < 0 }) {
      throw ValidationError("--seeds is '\(seeds)'; write them as 0,1,2.")
    }
    if let minutes, !(minutes > 0) {
      throw ValidationError("--minutes is \(minutes); it is a time above 0.")
    }
    if minutes != nil, epochs != nil {
      throw ValidationError("--minutes and --epochs both say how long a run trains: give one.")
    }
  }

  /// The plan with these wishes.
  /// - Throws: `RecipeProblem` for values that cannot be.
  public func applied(to plan: BenchmarkPlan) throws -> BenchmarkPlan {
    var plan = plan
    if let setting = setting.flatMap(BenchmarkPlan.Setting.init(rawValue:)) {
      if let groups = plan.groups { plan.categories = groups.flatMap { $0 } }
      plan.groups = nil
      plan.setting = setting
    }
    if let seeds { plan.seeds = seeds.commaSeparated.compactMap { Int($0) } }
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

  /// The rows to run: those that `--row` names, or all of them.
  /// - Parameter file: the plan's, for messages.
  /// - Throws: `ValidationError` for a name that no row has.
  public func chosen(of rows: [BenchmarkRow], file: String) throws -> [BenchmarkRow] {
    let known = rows.map(\.name)
    if let stranger = rowNames.first(where: { !known.contains($0) }) {
      throw ValidationError(
        "--row is '\(stranger)', which is no row of \(file)"
          + "\(Spelling.hint(for: stranger, among: known)); the rows: "
          + known.joined(separator: " · "))
    }
    return rowNames.isEmpty ? rows : rows.filter { rowNames.contains($0.name) }
  }
}
