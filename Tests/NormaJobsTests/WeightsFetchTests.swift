import Foundation
import NormaCore
import NormaFiles
import NormaJobs
import NormaTraining
import TestSupport
import Testing

/// Weights from a server, which here is one of this machine.
@Suite struct WeightsFetchTests {
  private let bench: JobBench
  /// The file that the server has.
  private let data: Data
  private let registry: WeightsRegistry
  private static let name = "efficientnet-lite0"

  init() throws {
    bench = try JobBench()
    data = try Data(
      contentsOf: URL(fileURLWithPath: "\(bench.weights)/\(Self.name).safetensors"))
    registry = WeightsRegistry(folders: [bench.folder["home/weights"]])
  }

  private var home: String { bench.folder["home/weights"] }
  private var part: String { "\(home)/\(Self.name).part" }
  private var stored: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: home).sorted() }
  }

  private func fetch(
    _ address: String?, tries: Int = 1, backbone: String = name, mirror: String? = nil,
    digest: String? = nil, idle: Double = 30, cancellation: Cancellation = Cancellation()
  ) throws -> WeightsFetchJob.Outcome {
    var request = WeightsFetchJob.Request(
      backbone: backbone, address: address, mirror: mirror, digest: digest)
    request.patience.tries = tries
    request.patience.pause = 0
    request.patience.idle = idle
    return try WeightsFetchJob(request, registry: registry, bench.context(cancellation)).run()
  }

  /// What the fetch of `address` fails with.
  private func refusal<Problem: Error>(
    _ kind: Problem.Type, _ body: () throws -> WeightsFetchJob.Outcome
  ) -> String {
    "\(String(describing: #expect(throws: kind) { try body() }))"
  }

  @Test func aFileIsStoredAsAnImportedOne() throws {
    let server = try LoopbackServer { [data] request, _ in
      .file(data, tag: "\"a\"", to: request)
    }
    let address = server.url("/lite0.safetensors")
    let outcome = try fetch(address)
    let fetched = try #require(outcome.fetched)
    #expect(fetched.bytes == data.count && fetched.resumedFrom == 0)
    #expect(fetched.digestsOf.isEmpty)
    #expect(fetched.address == address)
    #expect(try stored == ["\(Self.name).safetensors"])
    #expect(outcome.path == "\(home)/\(Self.name).safetensors")

    let other = WeightsRegistry(folders: [bench.folder["other"]])
    let imported = try BackboneImport.run(
      "\(bench.weights)/\(Self.name).safetensors", as: Self.name, from: address, registry: other)
    #expect(imported.digest == fetched.imported.digest)
    #expect(try SafeTensors.read(outcome.path).metadata["imported_from"] == address)

    // What is there is not fetched again.
    #expect(try fetch(address).fetched == nil)
    #expect(server.requests.count == 1)
    #expect(server.requests[0].fields["accept-encoding"] == "identity")
  }

  @Test func whatBrokeOffIsGoneOnWith() throws {
    let server = try LoopbackServer { [data] request, before in
      var answer = LoopbackServer.Answer.file(data, tag: "\"a\"", to: request)
      if before == 0 { answer.cut = 100_000 }
      return answer
    }
    let address = server.url("/lite0.safetensors")
    let message = refusal(DownloadProblem.self) { try fetch(address) }
    #expect(message.contains("/lite0.safetensors: the connection broke"), "\(message)")
    let kept = try FileManager.default.attributesOfItem(atPath: part)[.size] as? Int
    #expect(kept == 100_000)
    #expect(try stored == ["\(Self.name).part", "\(Self.name).part.json"])

    let fetched = try #require(try fetch(address).fetched)
    #expect(fetched.resumedFrom == 100_000 && fetched.bytes == data.count)
    #expect(server.requests[1].fields["range"] == "bytes=100000-")
    #expect(server.requests[1].fields["if-range"] == "\"a\"")
    #expect(try stored == ["\(Self.name).safetensors"])
  }

  @Test func aBrokenConnectionIsTriedAgain() throws {
    let server = try LoopbackServer { [data] request, before in
      if before == 1 { return LoopbackServer.Answer(503) }
      var answer = LoopbackServer.Answer.file(data, tag: "\"a\"", to: request)
      if before == 0 { answer.cut = 50_000 }
      return answer
    }
    let fetched = try #require(try fetch(server.url("/lite0"), tries: 3).fetched)
    #expect(fetched.bytes == data.count)
    #expect(server.requests.count == 3)
    #expect(server.requests[2].fields["range"] == "bytes=50000-")
    #expect(bench.observer.asides.count == 2)
    #expect(bench.observer.asides.allSatisfy { $0.hasSuffix("trying again") })
  }

  @Test func anotherFileOnTheServerBeginsAnew() throws {
    let server = try LoopbackServer { [data] request, before in
      // The first file's bytes are no weights: what is left of them would show.
      var answer = LoopbackServer.Answer.file(
        before == 0 ? Data(repeating: 1, count: data.count) : data,
        tag: before == 0 ? "\"a\"" : "\"b\"", to: request)
      if before == 0 { answer.cut = 100_000 }
      return answer
    }
    _ = refusal(DownloadProblem.self) { try fetch(server.url("/lite0")) }
    let fetched = try #require(try fetch(server.url("/lite0")).fetched)
    #expect(fetched.resumedFrom == 0 && fetched.bytes == data.count)
    #expect(bench.observer.notes.contains { $0.contains("another one now") })
  }

  @Test func withoutATagNothingIsGoneOnWith() throws {
    let server = try LoopbackServer { [data] _, before in
      var answer = LoopbackServer.Answer(body: data)
      if before == 0 { answer.cut = 100_000 }
      return answer
    }
    _ = refusal(DownloadProblem.self) { try fetch(server.url("/lite0")) }
    #expect(try fetch(server.url("/lite0")).fetched?.resumedFrom == 0)
    #expect(server.requests[1].fields["range"] == nil)
  }

  @Test func redirectionsAreFollowedAndTheStatedDigestIsChecked() throws {
    let digest = Digest.sha256(data)
    let server = try LoopbackServer { [data] request, _ in
      switch request.target {
      case "/resolve/main/model.safetensors":
        LoopbackServer.Answer(
          302, ["Location": "../../blob?signature=1", "X-Linked-ETag": "\"\(digest)\""],
          body: Data("elsewhere".utf8))
      case "/blob?signature=1": .file(data, tag: "\"a\"", to: request)
      default: LoopbackServer.Answer(404)
      }
    }
    let fetched = try #require(
      try fetch(server.url("/resolve/main/model.safetensors")).fetched)
    #expect(fetched.digestsOf == ["the server's"])
    #expect(fetched.address.hasSuffix("/resolve/main/model.safetensors"))
    #expect(server.requests.map(\.target).last == "/blob?signature=1")
  }

  @Test(arguments: [true, false])
  func anotherDigestIsRefused(isStated: Bool) throws {
    let wrong = String(repeating: "0", count: 64)
    let server = try LoopbackServer { [data] request, _ in
      guard isStated, request.target == "/lite0" else {
        return .file(data, tag: "\"a\"", to: request)
      }
      return LoopbackServer.Answer(302, ["Location": "/blob", "X-Linked-ETag": wrong])
    }
    let message = refusal(WeightsFileError.self) {
      try fetch(server.url("/lite0"), digest: isStated ? nil : wrong)
    }
    #expect(message.contains(Digest.sha256(data)) && message.contains(wrong), "\(message)")
    #expect(try stored.isEmpty)
  }

  @Test func aCircleOfRedirectionsEnds() throws {
    let server = try LoopbackServer { _, _ in LoopbackServer.Answer(307, ["Location": "/lite0"]) }
    let message = refusal(DownloadProblem.self) { try fetch(server.url("/lite0")) }
    #expect(message.contains("without an end"), "\(message)")
  }

  @Test(arguments: [
    (403, "it refuses the file (403)"), (404, "there is no such file (404)"),
    (418, "answered with 418"), (503, "cannot serve it now (503)"),
  ])
  func aRefusalIsTold(status: Int, words: String) throws {
    let server = try LoopbackServer { _, _ in
      LoopbackServer.Answer(status, ["Content-Type": "text/html"], body: Data("<html>".utf8))
    }
    let message = refusal(DownloadProblem.self) { try fetch(server.url("/lite0")) }
    #expect(message.contains(words) && message.contains("/lite0"), "\(message)")
    #expect(try stored.isEmpty)
  }

  @Test(arguments: ["text/html; charset=utf-8", "application/octet-stream"])
  func aWebPageIsNoFile(type: String) throws {
    let server = try LoopbackServer { _, _ in
      LoopbackServer.Answer(
        200, ["Content-Type": type, "ETag": "\"a\""],
        body: Data("<!DOCTYPE html><html>log in</html>".utf8))
    }
    let message =
      type.hasPrefix("text")
      ? refusal(DownloadProblem.self) { try fetch(server.url("/lite0")) }
      : refusal(WeightsFileError.self) { try fetch(server.url("/lite0")) }
    #expect(message.contains("web page"), "\(message)")
    #expect(try stored.isEmpty)
  }

  @Test func anotherNetworkIsRefused() throws {
    let other = try SafeTensors.write(["fc.weight": WeightTensor(shape: [1], values: [1])])
    let server = try LoopbackServer { request, _ in .file(other, tag: "\"a\"", to: request) }
    let message = refusal(WeightsFileError.self) { try fetch(server.url("/model.safetensors")) }
    #expect(message.contains("/model.safetensors"), "\(message)")
    #expect(message.contains("not the weights of \(Self.name)"), "\(message)")
    #expect(try stored.isEmpty)
  }

  @Test func aServerThatIsNotThereIsTold() throws {
    let server = try LoopbackServer { _, _ in LoopbackServer.Answer(404) }
    let address = server.url("/lite0")
    server.stop()
    let message = refusal(DownloadProblem.self) { try fetch(address) }
    #expect(message.contains("127.0.0.1 cannot be reached"), "\(message)")
    #expect(message.contains("https_proxy"), "\(message)")
  }

  @Test func aServerThatFallsSilentIsTold() throws {
    let server = try LoopbackServer { [data] request, _ in
      var answer = LoopbackServer.Answer.file(data, tag: "\"a\"", to: request)
      (answer.cut, answer.stays) = (1000, true)
      return answer
    }
    let message = refusal(DownloadProblem.self) { try fetch(server.url("/lite0"), idle: 1) }
    server.stop()
    #expect(message.contains("nothing came for 1 seconds"), "\(message)")
  }

  @Test func whoeverStopsItKeepsWhatCame() throws {
    let server = try LoopbackServer { [data] request, before in
      var answer = LoopbackServer.Answer.file(data, tag: "\"a\"", to: request)
      if before == 0 { (answer.cut, answer.stays) = (100_000, true) }
      return answer
    }
    let (cancellation, part) = (Cancellation(), part)
    Thread.detachNewThread {
      // Asked for when something is there to be kept.
      func size() -> Int {
        (try? FileManager.default.attributesOfItem(atPath: part)[.size] as? Int) ?? 0
      }
      while size() < 100_000 { usleep(10_000) }
      cancellation.request()
    }
    let message = refusal(Interrupted.self) {
      try fetch(server.url("/lite0"), cancellation: cancellation)
    }
    #expect(message.contains("0.1 MB are kept in \(part)"), "\(message)")
    #expect(try fetch(server.url("/lite0")).fetched?.resumedFrom == 100_000)
    server.stop()
  }

  @Test func everyKnownPlaceIsTriedAndAMirrorTakesItsHost() throws {
    let server = try LoopbackServer { _, _ in LoopbackServer.Answer(404) }
    let message = refusal(DownloadProblem.self) {
      try fetch(nil, backbone: "dinov2_vits14", mirror: server.url("/models/"))
    }
    #expect(message.contains("404"), "\(message)")
    #expect(
      server.requests.map(\.target) == [
        "/models/dinov2/dinov2_vits14/dinov2_vits14_pretrain.pth",
        "/models/facebook/dinov2-small/resolve/main/model.safetensors",
        "/models/timm/vit_small_patch14_dinov2.lvd142m/resolve/main/model.safetensors",
      ])
    #expect(bench.observer.asides.count == 2)
    #expect(try stored.isEmpty)
  }

  @Test func whatIsNoAddressIsTold() throws {
    for address in ["model.safetensors", "file:///model.safetensors", "https://"] {
      let error = #expect(throws: WeightsAddressProblem.self) { try fetch(address) }
      #expect("\(String(describing: error))".contains("norma weights import"))
    }
    #expect(throws: WeightsAddressProblem.self) { try fetch(nil, mirror: "mirror.example") }
    #expect(throws: UnknownBackbone.self) { try fetch(nil, backbone: "b4") }
  }
}
