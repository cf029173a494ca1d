import ArgumentParser
import NormaCore

/// What a command line says otherwise than the plan of a benchmark.
public struct BenchmarkOptions: ParsableArguments {
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

  public var planOptions: PlanOptions {
    PlanOptions(
      setting: setting.flatMap(BenchmarkPlan.Setting.init(rawValue:)), rows: rowNames,
      seeds: seeds.map { $0.commaSeparated.compactMap { Int($0) } }, minutes: minutes,
      epochs: epochs)
  }
}
