import ArgumentParser
import CommandLineBasics
import Foundation
import Norma
import NormaCore
import NormaJobs
import NormaRuntime

/// `norma portray`.
struct PortrayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "portray",
    abstract: "Draw what a model takes for normal: the features that it rebuilds, as pictures.",
    discussion: """
      A model sees features, not pixels. A small decoder learns to turn the
      features of the training pictures back into pictures; then, for pictures
      of your choice, it draws what the model sees, what the model makes of it
      step by step, and beside it the anomaly map. What the model does not know
      is missing from what it rebuilds.

      MODEL is one of RAS, UniAD, RLR or URA-Net; PatchCore and PaDiM rebuild
      nothing. DATASET is what the model was trained on. The decoder takes some
      minutes to learn and is kept; the next portrait takes seconds.

        norma portray line.norma pictures
        norma portray line.norma pictures --pictures new/0007.png --output 7.html

      Exit code 2: some of the pictures could not be read (the others are drawn).
      """)

  @Argument(help: "The model folder.")
  var model: String

  @Argument(help: "The data set that it was trained on: a folder, or a .csv table.")
  var dataset: String

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Draw these pictures, and those in these folders, not some test pictures of each category.",
      valueName: "path"))
  var pictures: [String] = []

  @Option(
    help: """
      How many pictures of each category are drawn (4 unless said); with --pictures, at most how \
      many of these (24 unless said).
      """)
  var count: Int?

  @Option(
    name: [.short, .long],
    help: "The page to write, instead of report/portrait.html in the model.")
  var output: String?

  @Option(help: "Optimiser steps of the decoder's training; more make sharper pictures.")
  var steps = 600

  @Flag(help: "Replace an output that exists.")
  var force = false

  @OptionGroup var reading: DatasetOptions

  func validate() throws {
    if let count, !(1...500).contains(count) {
      throw ValidationError("--count is \(count); 1 to 500 pictures can be said.")
    }
    guard (10...100_000).contains(steps) else {
      throw ValidationError("--steps is \(steps); 10 to 100000 can be said.")
    }
  }

  func run() throws {
    let folder = try ModelFolder.openForInspection(model)
    let request = PortrayJob.Request(
      dataset: dataset, pictures: pictures, count: count, output: output, replaces: force,
      steps: steps, reader: reading.reader(for: folder.manifest))
    let unreadable = try PortrayJob(model: folder, request, .terminal()).run()
    for problem in unreadable { Terminal.warn("\(problem)") }
    if !unreadable.isEmpty { throw ExitStatus.unreadable }
  }
}
