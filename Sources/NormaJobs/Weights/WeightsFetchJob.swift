import Foundation
import NormaCore
import NormaFiles
import NormaTraining

/// `norma weights fetch`: a backbone's weights from a server into the user's own store, checked as an imported
/// file is.
public struct WeightsFetchJob {
  /// What somebody wants fetched.
  public struct Request: Sendable {
    /// The backbone's name.
    public var backbone: String
    /// The file's address; nil: where its owner publishes it.
    public var address: String?
    /// What takes the place of the publishers' hosts, `https://mirror.example/models`; nil: they themselves.
    public var mirror: String?
    /// SHA-256 that the file must have; nil: that of the source, where one is known.
    public var digest: String?
    /// An access token of Hugging Face, for files behind a gate; sent there only.
    public var token: String?
    /// Whether weights that are there already are fetched anew.
    public var replaces: Bool
    public var patience = Patience()

    public init(
      backbone: String, address: String? = nil, mirror: String? = nil, digest: String? = nil,
      token: String? = nil, replaces: Bool = false
    ) {
      (self.backbone, self.address, self.mirror) = (backbone, address, mirror)
      (self.digest, self.token, self.replaces) = (digest, token, replaces)
    }
  }

  /// How long is waited, and how often tried.
  public struct Patience: Sendable {
    /// Seconds in which nothing comes before the connection counts as broken.
    public var idle = 30.0
    /// Tries in a row that bring nothing before it is given up.
    public var tries = 4
    /// Seconds before the second try, as many more before each further one.
    public var pause = 2.0

    public init() {}
  }

  /// What was done.
  public struct Outcome: Sendable {
    /// Where the weights lie.
    public var path: String
    /// What was fetched; nil where the weights were there already.
    public var fetched: Fetched?
  }

  /// A file that came.
  public struct Fetched: Sendable {
    /// Its address.
    public var address: String
    public var bytes: Int
    /// How many of them an earlier run had brought.
    public var resumedFrom: Int
    /// Whose SHA-256 the file's own was compared with; empty: nobody's is known.
    public var digestsOf: [String]
    public var imported: BackboneImport
  }

  private let request: Request
  private let backbone: KnownBackbone
  private let sources: [WeightsSource]
  private let registry: WeightsRegistry
  private let context: JobContext

  /// - Throws: `UnknownBackbone`; `WeightsAddressProblem` when the address or the mirror is none.
  public init(
    _ request: Request, registry: WeightsRegistry = .standard, _ context: JobContext
  ) throws {
    backbone = try KnownBackbone.called(request.backbone)
    if let address = request.address {
      _ = try WeightsSource.checked(address)
      sources = [WeightsSource(url: address)]
    } else {
      sources = try backbone.sources.map { source in
        try request.mirror.map(source.mirrored) ?? source
      }
    }
    (self.request, self.registry, self.context) = (request, registry, context)
  }

  /// - Throws: `DownloadProblem` when no source gives the file, `WeightsFileError` when it is none of this
  ///   backbone, `FileProblem` when it cannot be written, `Interrupted` when a stop is requested: what came is
  ///   kept, and the same request goes on with it.
  public func run() throws -> Outcome {
    if !request.replaces, let path = registry.find(backbone) {
      return Outcome(path: path, fetched: nil)
    }
    guard let folder = registry.folders.first else {
      throw FileProblem(path: backbone.name, reason: "there is no folder to store weights in")
    }
    try FilePath.createFolder(folder)
    let part = try PartFile("\(folder)/\(backbone.name).part")
    defer { if part.size == 0 { part.remove() } }
    let (source, download) = try download(to: part)
    let fetched = try taken(part, source, download)
    part.remove()
    return Outcome(path: fetched.imported.path, fetched: fetched)
  }

  /// The file from the first source that gives it.
  private func download(to part: PartFile) throws -> (WeightsSource, Download.Outcome) {
    var problems: [DownloadProblem] = []
    for source in sources {
      let download = Download(
        source: source, token: request.token, part: part, patience: request.patience,
        title: "Fetching \(backbone.name)", context: context)
      do {
        return (source, try download.run())
      } catch let problem as DownloadProblem where problem.kind != .broken {
        problems.append(problem)
        // Another source's file would take the place of what is there of this one.
        if part.size > 0, part.origin?.url == source.url { break }
        if problems.count < sources.count { context.warning("\(problem)") }
      }
    }
    guard let last = problems.last else {
      throw JobFailure("\(backbone.name) has no known place to fetch it from; --from URL names one")
    }
    throw last
  }

  /// The file, checked and stored. What is not what it should be is not kept: going on with it would bring
  /// the same.
  private func taken(
    _ part: PartFile, _ source: WeightsSource, _ download: Download.Outcome
  ) throws -> Fetched {
    let address = DownloadProblem.shown(try WeightsSource.checked(source.url))
    let expected = [
      ("yours", request.digest), ("the list's", source.digest),
      ("the server's", download.statedDigest),
    ].compactMap { whose, digest in digest.map { (whose: whose, digest: $0.lowercased()) } }
    if !expected.isEmpty {
      let found = try Digest.sha256(file: part.path)
      for (whose, digest) in expected where digest != found {
        part.remove()
        throw WeightsFileError(
          file: address,
          reason:
            "the file's SHA-256 is \(found), and should be \(whose), \(digest): it was damaged on its "
            + "way, or is another file. It is not kept; fetch it again, or from another place by --from URL"
        )
      }
    }
    do {
      let imported = try BackboneImport.run(
        part.path, as: backbone.name, from: address, registry: registry)
      return Fetched(
        address: address, bytes: download.bytes, resumedFrom: download.resumedFrom,
        digestsOf: expected.map(\.whose), imported: imported)
    } catch let problem as WeightsFileError {
      part.remove()
      throw problem
    }
  }
}
