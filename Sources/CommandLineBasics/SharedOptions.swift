import ArgumentParser
import NormaCore

/// What every command that trains asks: the output, the recipe, and what is to be otherwise than it says.
public struct TrainingOptions: ParsableArguments {
  @Option(name: [.short, .long], help: "The model folder to write, such as line.norma.")
  public var output: String

  @Option(help: "A recipe: the name of one that comes with Norma, or a .yaml file.")
  public var recipe: String?

  @Option(help: "The backbone, such as efficientnet-b4. 'norma weights' lists them.")
  public var backbone: String?

  @Option(parsing: .unconditional, help: "Passes over the training pictures.")
  public var epochs: Int?

  @Option(parsing: .unconditional, help: "Pictures a step.")
  public var batch: Int?

  @Option(parsing: .unconditional, help: "What everything random is drawn from.")
  public var seed: Int?

  @Flag(
    help: "Go on with an interrupted training of the same output; starts anew if there is none.")
  public var resume = false

  @Flag(help: "Replace an output that exists.")
  public var force = false

  public init() {}

  public func validate() throws {
    if resume && force {
      throw ValidationError("--resume goes on, --force starts anew: give one of them.")
    }
  }

  /// Where the model goes.
  public var place: TrainingOutput {
    TrainingOutput(model: output, resume: resume, force: force)
  }

  public var recipeOptions: RecipeOptions {
    RecipeOptions(name: recipe, backbone: backbone, epochs: epochs, batch: batch, seed: seed)
  }
}

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
