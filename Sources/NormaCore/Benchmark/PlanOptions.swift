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
