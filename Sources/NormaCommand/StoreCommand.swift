import ArgumentParser
import CommandLineBasics
import Foundation
import Norma
import NormaCore
import NormaFiles
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

  @Option(help: "Side of the square that pictures are resized to, in pixels.")
  var imageSize = BackboneRecipe().imageSize

  @Option(help: "At most this many pictures, spread evenly over the data set.")
  var limit: Int?

  @Flag(help: "Also the labelled pictures, to test with.")
  var test = false

  @Flag(help: "Replace a file that exists.")
  var force = false

  @OptionGroup var pictures: PictureOptions

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
    let cancellation = Signals.cancellation()
    guard force || !FilePath.exists(FilePath.absolute(output)) else {
      throw FileProblem(path: output, reason: "the file exists; --force replaces it")
    }
    var found = try DatasetReader.read(dataset, isEmptyMask: pictures.reader.isEmptyMask)
    if let categories { found = try found.selecting(categories: categories.commaSeparated) }
    let data = try TrainingPlan.readable(found, reader: pictures.reader, cancellation)
    let chosen = Self.normal(data, limit: limit)
    if test { try data.validateForEvaluation() }
    let origin = PictureStore.Origin(
      root: data.root,
      fingerprint: try PictureFingerprint.of(chosen, root: data.root, cancellation: cancellation),
      imageSize: imageSize, exifOrientation: pictures.reader.appliesOrientation,
      benchmark: try test
        ? BenchmarkFingerprints(data, reader: pictures.reader, cancellation: cancellation) : nil)
    let written = try write(
      chosen + (test ? data.test : []), origin, unusable: test ? data.unusableForTest : [],
      root: data.root, cancellation)
    Terminal.say(
      "\(output): \(counted(written.pictures, "picture")) of \(imageSize) × \(imageSize) pixels, "
        + String(format: "%.1f MB", Double(written.bytes) / 1e6))
  }

  private func write(
    _ chosen: [Sample], _ origin: PictureStore.Origin, unusable: [UnusableFile], root: String,
    _ cancellation: Cancellation
  ) throws -> (pictures: Int, bytes: Int) {
    let progress = ProgressLine("Decoding", total: chosen.count, unit: "pictures")
    defer { progress.clear() }
    let named = chosen.map { sample in
      var sample = sample
      sample.path = FilePath.relative(sample.path, to: root)
      return sample
    }
    let (reader, size) = (pictures.reader, imageSize)
    let workers = ProcessInfo.processInfo.activeProcessorCount
    let lost = Dictionary(grouping: unusable.compactMap(\.category)) { $0 }.mapValues(\.count)
    return try PictureStore.write(origin, named, unusable: lost, to: output) { append in
      try OrderedPipeline.run(count: chosen.count, workers: workers) {
        { place in
          do {
            return Result<PictureStore.Content, FileProblem>.success(
              try Self.content(of: chosen[place], reader: reader, size: size))
          } catch let problem as FileProblem {
            return .failure(problem)
          }
        }
      } deliver: { (place: Int, result: Result<PictureStore.Content, FileProblem>) in
        try cancellation.check("Stopped; nothing was written.")
        switch result {
        case .success(let content):
          if let problem = content.maskProblem { Terminal.warn("without its mask: \(problem)") }
          try append(place, content)
        case .failure(let problem): Terminal.warn("left out: \(problem)")
        }
        progress.update(place + 1)
      }
    }
  }

  private static func content(
    of sample: Sample, reader: PictureReader, size: Int
  ) throws -> PictureStore.Content {
    let rgb = try reader.read(sample.path, size: size).rgb
    guard sample.label.isAnomalous else { return PictureStore.Content(rgb: rgb) }
    do {
      let mask = try reader.readMask(of: sample, width: size, height: size)
      return PictureStore.Content(rgb: rgb, mask: mask?.values)
    } catch let problem as FileProblem {
      return PictureStore.Content(rgb: rgb, maskProblem: problem)
    }
  }

  /// The normal pictures to train on, at most `limit` of them, evenly over the categories.
  private static func normal(_ data: Dataset, limit: Int?) -> [Sample] {
    let all = data.train.filter { !$0.label.isAnomalous }
    return limit.map(all.spread) ?? all
  }
}
