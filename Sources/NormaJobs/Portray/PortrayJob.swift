import Foundation
import Networks
import Norma
import NormaCore
import NormaFiles
import NormaTraining

/// `norma portray`: from a model and its data set to a page that shows what the model takes for normal.
public struct PortrayJob {
  /// What somebody wants drawn.
  public struct Request {
    /// A folder, or a .csv table.
    public var dataset: String
    /// These pictures, and those in these folders; empty: some test pictures of each category.
    public var pictures: [String]
    /// How many of each category, 4 unless said; of named pictures, at most how many, 24 unless said.
    public var count: Int?
    /// The page; nil: in the model.
    public var output: String?
    public var replaces: Bool
    /// Of the decoder's training.
    public var steps: Int
    public var reader: PictureReader

    public init(
      dataset: String, pictures: [String] = [], count: Int? = nil, output: String? = nil,
      replaces: Bool = false, steps: Int = 600, reader: PictureReader = PictureReader()
    ) {
      (self.dataset, self.pictures, self.count) = (dataset, pictures, count)
      (self.output, self.replaces) = (output, replaces)
      (self.steps, self.reader) = (steps, reader)
    }
  }

  private let request: Request
  private let model: ModelFolder
  private let place: PortraitPlace
  private let network: ModelNetwork
  private let method: any RebuildingMethod
  private let dataset: Dataset
  private let source: DatasetSource
  private let context: JobContext

  /// A page, and the chosen pictures that are not on it.
  private typealias Page = (html: String, unreadable: [FileProblem])

  /// - Throws: when the page cannot be written, the model rebuilds nothing, or the data set has none of its
  ///   categories.
  public init(model: ModelFolder, _ request: Request, _ context: JobContext) throws {
    (self.model, self.request, self.context) = (model, request, context)
    place = PortraitPlace(output: request.output, replaces: request.replaces)
    try place.check(model)
    network = try ModelNetwork(model)
    guard let method = network.prepared.method as? any RebuildingMethod else {
      throw FileProblem(
        path: model.path,
        reason:
          "\(model.manifest.title) rebuilds nothing that could be drawn: it measures how "
          + "far features are from normal ones. A model of RAS, UniAD, RLR or URA-Net can be portrayed; "
          + "the heat maps of this one come from 'norma inspect --heatmaps'")
    }
    self.method = method
    let found = try DatasetReader.read(request.dataset, by: request.reader).selecting(
      knownTo: model.manifest)
    dataset = try found.readable(by: request.reader, context.withoutNotes)
    source = DatasetSource(dataset, reader: request.reader, context)
  }

  /// - Returns: the pictures that could not be read; the others are drawn.
  public func run() throws -> [FileProblem] {
    let page = try page(of: choose())
    try context.check("Stopped before the page was written.")
    context.note("Page: \(try place.write(page.html, model))")
    return page.unreadable
  }

  private func choose() throws -> [PortrayedPicture] {
    guard request.pictures.isEmpty else {
      return try PortrayedPicture.named(request.pictures, limit: request.count ?? 24, context)
    }
    return PortrayedPicture.chosen(from: dataset, count: request.count ?? 4)
  }

  private func page(of chosen: [PortrayedPicture]) throws -> Page {
    let (decoder, seen) = try decoder()
    let decoded = try DecodedFeatures(
      method: method, network: network.stored, decoder: decoder,
      examples: seen.batch(Self.examples(seen.training)))
    let drawing = try PortrayDrawing(
      model: model, decoded: decoded, source: source, prepared: network.prepared, context)
    var unreadable: [FileProblem] = []
    let rows = try drawing.rows(
      of: chosen, unreadable: { unreadable.append($0) },
      check: { try context.check("Stopped; the decoder is kept.") })
    guard !rows.isEmpty else {
      throw unreadable.first
        ?? FileProblem(path: dataset.source, reason: "there is no picture to draw")
    }
    return (try drawing.page(rows, error: decoder.heldOutError).html(), unreadable)
  }

  /// Enough good pictures to show what features are like, of all categories.
  private static func examples(_ training: [Int]) -> [Int] {
    let count = min(48, training.count)
    return (0..<count).map { training[$0 * training.count / count] }
  }

  private func decoder() throws -> (decoder: TrainedDecoder, seen: TrainingData) {
    if try source.fingerprint() != model.manifest.data.fingerprint {
      context.warning(
        "\(dataset.source) does not hold the very pictures that the model was trained on; the decoder "
          + "learns from those that it holds")
    }
    return try KeptDecoder(
      source: source, prepared: network.prepared, standardization: network.stored.standardization,
      past: try .init(model, root: source.root), steps: request.steps, context: context
    ).decoder()
  }
}
