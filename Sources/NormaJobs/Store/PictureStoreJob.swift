import Foundation
import Norma
import NormaCore
import NormaFiles

/// `norma store`: a data set's pictures, decoded and resized, into one file that trains without it.
public struct PictureStoreJob {
  /// What somebody wants stored.
  public struct Request {
    /// A folder, or a .csv table.
    public var dataset: String
    /// The file to write.
    public var output: String
    public var replaces: Bool
    /// nil: all.
    public var categories: [String]?
    /// Side of the square that pictures are resized to, in pixels.
    public var imageSize: Int
    /// At most this many pictures, evenly over the data set; nil: all.
    public var limit: Int?
    /// Also the labelled pictures, to test with.
    public var includesTests: Bool
    public var reader: PictureReader

    public init(
      dataset: String, output: String, replaces: Bool = false, categories: [String]? = nil,
      imageSize: Int = BackboneRecipe().imageSize, limit: Int? = nil, includesTests: Bool = false,
      reader: PictureReader = PictureReader()
    ) {
      (self.dataset, self.output, self.replaces) = (dataset, output, replaces)
      (self.categories, self.imageSize, self.limit) = (categories, imageSize, limit)
      (self.includesTests, self.reader) = (includesTests, reader)
    }
  }

  private let request: Request
  private let context: JobContext

  /// - Throws: `FileProblem` when the file exists and is not to be replaced.
  public init(_ request: Request, _ context: JobContext) throws {
    try OutputFile(request.output, .store).check(replaces: request.replaces)
    (self.request, self.context) = (request, context)
  }

  /// - Throws: `Interrupted` when a stop is requested; nothing is written then.
  public func run() throws {
    var found = try DatasetReader.read(request.dataset, by: request.reader)
    if let names = request.categories { found = try found.selecting(categories: names) }
    let data = try found.readable(by: request.reader, context)
    let all = data.train.filter { !$0.label.isAnomalous }
    let chosen = request.limit.map(all.spread) ?? all
    let tests = request.includesTests
    if tests { try data.validateForEvaluation() }
    let origin = PictureStore.Origin(
      root: data.root, fingerprint: try PictureFingerprint.of(chosen, root: data.root, context),
      imageSize: request.imageSize, exifOrientation: request.reader.appliesOrientation,
      benchmark: try tests
        ? BenchmarkFingerprints(data, reader: request.reader, context) : nil)
    let written = try write(
      chosen + (tests ? data.test : []), of: data.root, origin,
      unusable: tests ? data.unusableForTest : [])
    context.note(
      "\(request.output): \(counted(written.pictures, "picture")) of \(request.imageSize) × "
        + "\(request.imageSize) pixels, " + String(format: "%.1f MB", Double(written.bytes) / 1e6))
  }

  private func write(
    _ chosen: [Sample], of root: String, _ origin: PictureStore.Origin, unusable: [UnusableFile]
  ) throws -> (pictures: Int, bytes: Int) {
    let stage = context.stage("Decoding", total: chosen.count, unit: "pictures")
    defer { stage.clear() }
    let named = chosen.map { sample in
      var sample = sample
      sample.path = FilePath.relative(sample.path, to: root)
      return sample
    }
    let (reader, size) = (request.reader, request.imageSize)
    let workers = Processors.current.count
    let lost = Dictionary(grouping: unusable.compactMap(\.category)) { $0 }.mapValues(\.count)
    return try PictureStore.write(
      origin, named, unusable: lost, to: request.output
    ) { append in
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
        try context.check("Stopped; nothing was written.")
        switch result {
        case .success(let content):
          if let problem = content.maskProblem { context.warning("without its mask: \(problem)") }
          try append(place, content)
        case .failure(let problem): context.warning("left out: \(problem)")
        }
        stage.update(place + 1)
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
}
