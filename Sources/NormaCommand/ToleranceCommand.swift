import ArgumentParser
import CommandLineBasics
import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaJobs
import NormaRuntime

/// `norma tolerance`.
struct ToleranceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tolerance",
    abstract: "Measure how soon detection breaks as pictures get worse.",
    discussion: """
      The data set's test pictures are disturbed step by step, the same ones for
      every model, undisturbed first. At each step: image and pixel AUROC, means
      over the categories; false alarms and misses of 'norma inspect', by
      thresholds as shipped. All in per cent.

        blur         Gaussian, deviation in pixels
        brightness   factor on all values; 1 leaves them
        offset       grey levels on top of all values
        noise        Gaussian, deviation in grey levels
        jpeg         quality, 1 to 100
        shift        pixels to the right and down; masks move along
        rotation     degrees clockwise about the centre; masks turn along
        jitter       noise of strength α on the features (RAS, Table 6), of models
                     that rebuild one map of them (\(Recipe.methodsOfOneMap.joined(separator: ", ")));
                     takes the weights of the backbone

      Pixels are those of the picture at the model's size. What is moved goes on
      at its edges.

        norma tolerance dataset line.norma
        norma tolerance dataset ras.norma uniad.norma --output tolerance
        norma tolerance dataset line.norma --only blur,noise --steps blur=0,1,2,4

      With --output the folder gets tolerance.csv, a line a category, and the page
      index.html with charts and a picture at each step.

      Exit status: 0 done, 2 some pictures could not be read (the others are
      measured), 3 failure, 64 wrong command line, 130 interrupted.
      """)

  @Argument(help: "The data set: a folder or a table (.csv) with labelled test pictures.")
  var dataset: String

  @Argument(help: "The models: folders, or the same zipped.")
  var models: [String]

  @Option(
    help: ArgumentHelp("Only these disturbances.", valueName: "blur,noise"))
  var only: String?

  @Option(
    help: ArgumentHelp(
      "The steps of a disturbance instead of its usual ones; may be given for each.",
      valueName: "blur=0,1,2"))
  var steps: [String] = []

  @Option(
    help: ArgumentHelp(
      "Measure only these categories.",
      discussion: "Without it those that the models were trained on.", valueName: "a,b"))
  var categories: String?

  @Option(
    help: ArgumentHelp(
      "At most so many pictures a category, normal and defective ones, for a quick look.",
      valueName: "pictures"))
  var limit: Int?

  @Option(help: "What noise is drawn from, besides the picture's place in the data set.")
  var seed: UInt64 = 0

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("Write a table and a page into this folder.", valueName: "folder"))
  var output: String?

  @Flag(help: "Replace the table and the page of an output that exists.")
  var force = false

  @Flag(help: "Write the figures as one JSON object, as fractions.")
  var json = false

  @OptionGroup var pictures: DatasetOptions

  func validate() throws {
    do { _ = try axes } catch { throw ValidationError("\(error)") }
    if let limit, limit < 2 {
      throw ValidationError("--limit is \(limit); 2 is the least, one normal and one defective.")
    }
    if let categories, categories.commaSeparated.isEmpty {
      throw ValidationError("--categories names none; write them as a,b")
    }
    guard models.count <= ToleranceJob.mostModels else {
      throw ValidationError(
        "\(models.count) models; \(ToleranceJob.mostModels) at most are compared.")
    }
    let places = models.map { FilePath.resolved($0) ?? $0 }
    if let twice = places.indices.first(where: { places[..<$0].contains(places[$0]) }) {
      throw ValidationError("the model \(models[twice]) is named twice.")
    }
    if FilePath.exists(dataset + "/" + ModelFile.manifest) {
      throw ValidationError("\(dataset) is a model; the data set comes first, then the models.")
    }
  }

  func run() throws {
    let request = ToleranceJob.Request(
      dataset: dataset, models: models, axes: try axes, categories: categories?.commaSeparated,
      limit: limit, seed: seed, output: output, replaces: force)
    let job = try ToleranceJob(request, reader: pictures.reader, .terminal())
    let result = try job.run { measured in
      guard !json else { return }
      try StandardOutput.print(ToleranceText.table(measured, models: job.names))
    }
    if json { try StandardOutput.print(JSONText.line(result)) }
    if let page = try job.write(result).map({ "page: \($0)" }) {
      if json { Messages.say(page) } else { try StandardOutput.print("\n" + page) }
    }
    if !result.unreadable.isEmpty { throw ExitStatus.unreadable }
  }

  private var axes: [ToleranceAxis] {
    get throws { try [ToleranceAxis](only: only, steps: steps) }
  }
}
