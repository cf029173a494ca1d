import ArgumentParser
import NormaCore
import NormaRuntime

/// The command line of Norma: everything.
struct NormaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "norma",
    abstract: "Learns what normal looks like, and shows where a picture departs from it.",
    discussion: """
      One model, trained on good pictures alone, serves many categories of
      product at once.

        norma train pictures --output line.norma   learn pictures/<category>/…
        norma inspect line.norma new-pictures      what is wrong, and where
        norma evaluate line.norma dataset          how good it is, with a page
        norma portray line.norma dataset           what it takes for normal

      Every command has --help. Exit codes: 0 success (inspect: all normal),
      1 inspect found an anomaly (datasets: not as published), 2 some pictures
      could not be read, 3 failure, 64 wrong usage, 130 interrupted.
      """,
    version: NormaVersion.current,
    subcommands: [TrainCommand.self] + RuntimeVerbs.handedOver + [
      BenchmarkCommand.self, CalibrateCommand.self, DatasetsCommand.self, ExportCommand.self,
      PortrayCommand.self, StoreCommand.self, ToleranceCommand.self, WeightsCommand.self,
      DoctorCommand.self, MeasureCommand.self,
    ])
}
