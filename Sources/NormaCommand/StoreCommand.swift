import ArgumentParser
import CommandLineBasics
import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaJobs
import NormaRuntime

/// `norma store`.
struct StoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store",
    abstract: "Write a data set's pictures, decoded and resized, into one file.",
    discussion: """
      What norma-train starts from, on a machine with a graphics card and without
      the data set. DATASET is what 'norma train' takes; the pictures to train on
      go into FILE as they are, 8 bits a channel, in the safetensors format:
      nothing in it is ever executed.

        norma store pictures --output pictures.store
        norma store mvtec --limit 265 --output small.store     40 MB at 224 pixels

      With --test the labelled pictures and their masks go in as well, which is what
      'norma-train benchmark' works on.
      """)

  @Argument(help: "The data set: a folder, or a .csv table.")
  var dataset: String

  @Option(name: [.short, .long], help: "The file to write.")
  var output: String

  @Option(help: "Only these categories, separated by commas.")
  var categories: String?

  @Option(
    parsing: .unconditional, help: "Side of the square that pictures are resized to, in pixels.")
  var imageSize = BackboneRecipe().imageSize

  @Option(help: "At most this many pictures, spread evenly over the data set.")
  var limit: Int?

  @Flag(help: "Also the labelled pictures, to test with.")
  var test = false

  @Flag(help: "Replace a file that exists.")
  var force = false

  @OptionGroup var pictures: DatasetOptions

  func validate() throws {
    guard (32...4096).contains(imageSize) else {
      throw ValidationError("--image-size is \(imageSize); 32 to 4096 pixels can be said")
    }
    if test, limit != nil {
      throw ValidationError(
        "--limit is for pictures to train on alone; leave out --test, or --limit")
    }
    if let limit, limit < 1 {
      throw ValidationError("--limit is \(limit); at least 1 picture is needed")
    }
  }

  func run() throws {
    let request = PictureStoreJob.Request(
      dataset: dataset, output: output, replaces: force, categories: categories?.commaSeparated,
      imageSize: imageSize, limit: limit, includesTests: test, reader: pictures.reader)
    try PictureStoreJob(request, .terminal()).run()
  }
}
