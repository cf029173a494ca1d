import Foundation
import NormaCore
import NormaFiles

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One file from a server, in as many tries as it takes: what broke off goes on where it was.
struct Download {
  let source: WeightsSource
  /// Sent to Hugging Face, over https only.
  let token: String?
  let part: PartFile
  let patience: WeightsFetchJob.Patience
  /// What is downloaded, for whoever watches.
  let title: String
  let context: JobContext

  /// What came of it.
  struct Outcome {
    var bytes: Int
    /// How many of them were there before.
    var resumedFrom: Int
    /// SHA-256 as the server states it; nil where it does not.
    var statedDigest: String?
  }

  private static let megabyte = 1_000_000

  /// Downloads to the end.
  /// - Throws: ``DownloadProblem``; `Interrupted` when a stop is requested, what came being kept; `FileProblem`
  ///   when it cannot be written.
  func run() throws -> Outcome {
    let known = part.origin.flatMap { $0.url == source.url && $0.validator != nil ? $0 : nil }
    let before = known == nil ? 0 : part.size
    if let known, known.size == before {
      return Outcome(bytes: before, resumedFrom: before, statedDigest: known.digest)
    }
    let stage = DownloadStage(title, context)
    defer {
      stage.clear()
      part.close()
    }
    var failures = 0
    while true {
      let start = part.size
      do {
        let origin = try attempt(stage)
        let bytes = part.size
        stage.finish()
        return Outcome(
          bytes: bytes, resumedFrom: stage.resumedFrom ?? 0, statedDigest: origin.digest)
      } catch let problem as DownloadProblem where problem.kind == .broken {
        failures = part.size > start ? 1 : failures + 1
        guard failures < patience.tries else { throw problem }
        stage.clear()
        context.warning("\(problem); trying again")
        try wait(patience.pause * Double(failures))
      }
    }
  }

  /// Whether there is something of this very file.
  private var isBegun: Bool { part.size > 0 && part.origin?.url == source.url }

  private func wait(_ seconds: Double) throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
      try checkStop()
      usleep(50_000)
    }
  }

  private func checkStop() throws {
    let kept = Figures.number(Double(part.size) / Double(Self.megabyte), digits: 4)
    try context.check("Stopped; \(kept) MB are kept in \(part.path): the same command goes on.")
  }

  // MARK: One try

  /// One connection, redirections included, from what is there to the end.
  private func attempt(_ stage: DownloadStage) throws -> PartFile.Origin {
    var url = try WeightsSource.checked(source.url)
    var known = part.origin.flatMap { $0.url == source.url && $0.validator != nil ? $0 : nil }
    var statedDigest: String?
    // A redirection more than these is a circle.
    for _ in 0..<12 {
      let transfer = HTTPTransfer(request(url, resuming: known))
      defer { transfer.cancel() }
      let head = try awaitHead(of: transfer, url)
      statedDigest = statedDigest ?? Self.digest(head["x-linked-etag"])
      switch head.status {
      case 301, 302, 303, 307, 308:
        url = try redirected(url, to: head["location"])
      case 416:
        // What is there is no beginning of what the server has now.
        guard known != nil else { throw refusal(head, url) }
        part.remove()
        known = nil
      case 200, 206:
        let origin = try accepted(head, url, known, digest: statedDigest)
        let kept = head.status == 206 ? part.size : 0
        if known != nil, kept == 0 {
          context.note("The file on the server is another one now: it is downloaded anew.")
        }
        try checkRoom(for: origin, kept: kept)
        try part.begin(origin, keeping: kept)
        stage.begin(kept: kept, size: origin.size)
        try receive(transfer, origin, url, stage)
        return origin
      default: throw refusal(head, url)
      }
    }
    throw DownloadProblem(url, .refused, "it sends from one address to the next without an end")
  }

  private func request(_ url: URL, resuming known: PartFile.Origin?) -> URLRequest {
    var request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData)
    // The bytes of the file itself are counted, resumed and hashed.
    request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
    request.setValue("norma/\(NormaVersion.current)", forHTTPHeaderField: "User-Agent")
    if let token, url.scheme == "https", url.host == "huggingface.co" {
      request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
    }
    if let validator = known?.validator {
      request.setValue("bytes=\(part.size)-", forHTTPHeaderField: "Range")
      request.setValue(validator, forHTTPHeaderField: "If-Range")
    }
    return request
  }

  /// The next event; asks meanwhile whether to stop.
  private func next(of transfer: HTTPTransfer, _ url: URL) throws -> HTTPTransfer.Event {
    let limit = ContinuousClock.now + .seconds(patience.idle)
    while ContinuousClock.now < limit {
      try checkStop()
      if let event = transfer.next(within: 0.2) { return event }
    }
    // A firewall that swallows what it does not let through looks like this, and the next try would too.
    throw DownloadProblem(
      url, isBegun ? .broken : .unreachable,
      "nothing came for \(Figures.number(patience.idle)) seconds")
  }

  private func awaitHead(of transfer: HTTPTransfer, _ url: URL) throws -> HTTPHead {
    while true {
      switch try next(of: transfer, url) {
      case .head(let head): return head
      case .body: continue
      case .end(let error): throw DownloadProblem.connection(url, error, begun: isBegun)
      }
    }
  }

  private func redirected(_ url: URL, to location: String?) throws -> URL {
    guard let location, let next = URL(string: location, relativeTo: url)?.absoluteURL else {
      throw DownloadProblem(url, .refused, "it sends elsewhere and does not say where")
    }
    let target = try WeightsSource.checked(next.absoluteString)
    guard url.scheme != "https" || target.scheme == "https" else {
      throw DownloadProblem(
        url, .refused, "it sends to \(DownloadProblem.shown(target)), which is not encrypted")
    }
    return target
  }

  /// What the answer is the content of.
  private func accepted(
    _ head: HTTPHead, _ url: URL, _ known: PartFile.Origin?, digest: String?
  ) throws -> PartFile.Origin {
    if let type = head["content-type"]?.lowercased(), type.hasPrefix("text/html") {
      throw DownloadProblem(
        url, .notTheFile,
        "a web page came (\(type)) in place of the file: a login, or a proxy that asks something")
    }
    let length = head["content-length"].flatMap { Int($0) }
    if head.status == 206 {
      guard let known, let range = head["content-range"],
        range.hasPrefix("bytes \(part.size)-"),
        let total = range.split(separator: "/").last.flatMap({ Int($0) }) ?? known.size
      else {
        part.remove()
        throw DownloadProblem(url, .broken, "it sent another part of the file than was asked for")
      }
      return PartFile.Origin(
        url: source.url, validator: known.validator, size: total, digest: digest ?? known.digest)
    }
    let tag = head["etag"].flatMap { $0.hasPrefix("W/") ? nil : $0 }
    return PartFile.Origin(
      url: source.url, validator: tag ?? head["last-modified"], size: length, digest: digest)
  }

  private func checkRoom(for origin: PartFile.Origin, kept: Int) throws {
    guard let size = origin.size, let room = part.room else { return }
    // The file itself, and beside it what is stored of it.
    let needed = 2 * size - kept
    guard room < needed else { return }
    throw FileProblem(
      path: part.path,
      reason:
        "\(needed / Self.megabyte) MB are needed on its disk, where \(room / Self.megabyte) MB "
        + "are free; free some and try again (NORMA_HOME names another place)")
  }

  private func receive(
    _ transfer: HTTPTransfer, _ origin: PartFile.Origin, _ url: URL, _ stage: DownloadStage
  ) throws {
    var have = part.size
    while true {
      switch try next(of: transfer, url) {
      case .head: continue
      case .body(let data):
        have += data.count
        if let size = origin.size, have > size {
          part.remove()
          throw DownloadProblem(
            url, .broken, "more came than the \(size) bytes that were announced")
        }
        try part.write(data)
        stage.update(have)
      case .end(let error):
        if let error { throw DownloadProblem.connection(url, error, begun: true) }
        guard have == origin.size ?? have else {
          throw DownloadProblem(
            url, .broken, "it broke off after \(have) of \(origin.size ?? 0) bytes")
        }
        return
      }
    }
  }

  private func refusal(_ head: HTTPHead, _ url: URL) -> DownloadProblem {
    switch head.status {
    case 401, 403:
      if let gate = source.gate {
        let how =
          token == nil
          ? "then set HF_TOKEN to an access token of your account there"
          : "HF_TOKEN's account has not done so, or may not read it"
        return DownloadProblem(
          url, .refused,
          "it does not give the file to everybody (\(head.status)): accept its licence at \(gate); "
            + how)
      }
      return DownloadProblem(
        url, .refused,
        "it refuses the file (\(head.status)): it wants a login, or it has no such file")
    case 404, 410:
      return DownloadProblem(
        url, .refused, "there is no such file (\(head.status)); --from URL names another place")
    case 407:
      return DownloadProblem(
        url, .unreachable,
        "the proxy wants a login (407): https_proxy=http://user:password@host:port")
    case 408, 429, 500...599:
      return DownloadProblem(url, .broken, "the server cannot serve it now (\(head.status))")
    default: return DownloadProblem(url, .refused, "the server answered with \(head.status)")
    }
  }

  /// A SHA-256 among Hugging Face's headers: its large files' tag is their digest.
  private static func digest(_ tag: String?) -> String? {
    guard let bare = tag?.trimmingCharacters(in: CharacterSet(charactersIn: "\"")).lowercased(),
      bare.count == 64, bare.allSatisfy(\.isHexDigit)
    else { return nil }
    return bare
  }
}

/// What is shown of a download: megabytes, over all tries.
private final class DownloadStage {
  private let title: String
  private let context: JobContext
  private var stage: (any JobStage)?
  /// Bytes that were there before the first try; nil before it.
  private(set) var resumedFrom: Int?

  init(_ title: String, _ context: JobContext) { (self.title, self.context) = (title, context) }

  func begin(kept: Int, size: Int?) {
    resumedFrom = resumedFrom ?? kept
    // How far it is shows only where the server says how much there is.
    stage = size.map { context.stage(title, total: Self.megabytes($0), unit: "MB") }
    stage?.update(Self.megabytes(kept))
  }

  func update(_ bytes: Int) { stage?.update(Self.megabytes(bytes)) }
  func finish() { stage?.finish() }
  func clear() { stage?.clear() }

  private static func megabytes(_ bytes: Int) -> Int { (bytes + 500_000) / 1_000_000 }
}

/// Why a file did not come.
public struct DownloadProblem: Error, CustomStringConvertible, Sendable, Equatable {
  enum Kind: Sendable {
    /// No connection.
    case unreachable
    /// The server does not give it.
    case refused
    /// Something else came.
    case notTheFile
    /// It broke off; the same again may go on.
    case broken
  }

  let kind: Kind
  /// The address, without what is secret in it.
  public let address: String
  public let reason: String

  init(_ url: URL, _ kind: Kind, _ reason: String) {
    (address, self.kind, self.reason) = (Self.shown(url), kind, reason)
  }

  public var description: String { "\(address): \(reason)" }

  /// Without a password, and without a query, in which servers pass on who may have the file.
  static func shown(_ url: URL) -> String {
    guard var parts = URLComponents(url: url, resolvingAgainstBaseURL: true) else { return "?" }
    (parts.user, parts.password, parts.query, parts.fragment) = (nil, nil, nil, nil)
    return (parts.string ?? "?").printable
  }

  /// - Parameter begun: whether bytes of the file are there, so that the connection broke rather than never was.
  static func connection(_ url: URL, _ error: (any Error)?, begun: Bool) -> DownloadProblem {
    let said = error?.localizedDescription ?? "the answer was empty"
    let host = url.host ?? "the server"
    switch (error as? URLError)?.code {
    case .cannotFindHost, .cannotConnectToHost, .dnsLookupFailed, .notConnectedToInternet:
      return DownloadProblem(
        url, .unreachable,
        "\(host) cannot be reached (\(said)). Is there a network? A proxy is named by https_proxy; without "
          + "a network bring the file: 'norma weights how' says which")
    case .secureConnectionFailed, .serverCertificateUntrusted, .serverCertificateHasBadDate,
      .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid:
      return DownloadProblem(
        url, .unreachable,
        "no secure connection to \(host) (\(said)); its certificate is not trusted here")
    default:
      return DownloadProblem(url, .broken, begun ? "the connection broke (\(said))" : said)
    }
  }
}
