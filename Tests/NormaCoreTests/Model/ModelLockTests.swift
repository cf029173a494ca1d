import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

/// Several that change one model at the same time, and those that read it meanwhile.
@Suite("Models that several change")
struct ModelLockTests {
  typealias Base = ModelFolderTests

  /// Counts up a figure in the manifest.
  private static func count(_ path: String, _ name: String) throws {
    try ModelFolder.open(path).changing { now in
      let before = now.manifest.metrics?[name] ?? 0
      return ModelFolder.Change(
        files: [ModelFile.report: Data("\(name) \(before)".utf8)],
        manifest: { $0.metrics = ($0.metrics ?? [:]).merging([name: before + 1]) { $1 } })
    }
  }

  @Test func noChangeIsLostAndEveryReadingIsWhole() throws {
    let tree = try TemporaryFolder()
    try Base.write(tree["m"])
    let failures = Failures()
    Self.inThreads(6) { thread in
      for _ in 0..<8 {
        failures.note {
          if thread < 3 {
            try Self.count(tree["m"], "thread \(thread % 2)")
          } else {
            // A model whose files are not those of its manifest is not opened.
            let model = try ModelFolder.open(tree["m"])
            #expect(model.names == Base.files.keys.sorted())
          }
        }
      }
    }
    #expect(failures.all == [])
    let metrics = try ModelFolder.open(tree["m"]).manifest.metrics
    #expect(metrics?["thread 0"] == 16 && metrics?["thread 1"] == 8)
    #expect(metrics?["imageAUROC"] == 0.9875)
    #expect(try tree.contents().filter { $0.hasPrefix(".") } == [])
  }

  /// Who comes second waits, says so, and goes on from what the first has left.
  @Test func theSecondGoesOnFromTheFirst() throws {
    let tree = try TemporaryFolder()
    try Base.write(tree["m"])
    let (begun, waited) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let failures = Failures()
    Self.inThreads(2) { thread in
      failures.note {
        if thread == 0 {
          try ModelFolder.open(tree["m"]).changing { _ in
            begun.signal()
            waited.wait()
            return ModelFolder.Change(manifest: { $0.toolVersion = "first" })
          }
        } else {
          begun.wait()
          let opened = try ModelFolder.open(tree["m"])
          func second() { waited.signal() }
          try opened.changing(waiting: second) { now in
            #expect(now.manifest.toolVersion == "first" && opened.manifest.toolVersion != "first")
            return ModelFolder.Change(manifest: { $0.metrics = ["second": 1] })
          }
        }
      }
    }
    #expect(failures.all == [])
    let manifest = try ModelFolder.open(tree["m"]).manifest
    #expect(manifest.toolVersion == "first" && manifest.metrics == ["second": 1])
  }

  @Test func aWaitCanBeStopped() throws {
    let tree = try TemporaryFolder()
    let model = try Base.write(tree["m"])
    let lock = try FolderLock.wait(for: model.path, waiting: {})
    func stop() throws { throw Interrupted("stopped") }
    #expect(throws: Interrupted.self) {
      try model.changing(waiting: stop) { _ in ModelFolder.Change() }
    }
    withExtendedLifetime(lock) {}
  }

  @Test func whatWasFoundWithAnotherNetworkIsNotWritten() throws {
    let tree = try TemporaryFolder()
    let opened = try Base.write(tree["m"])
    var files = Base.files
    files[ModelFile.graph] = Data("another".utf8)
    try ModelFolder.write(to: tree["m"], manifest: Base.manifest, files: files, replacing: true)
    let problem = Base.problem {
      try opened.changing { _ in ModelFolder.Change(manifest: { $0.toolVersion = "mine" }) }
    }
    #expect(problem.contains("another model was put in its place"), "\(problem)")
    #expect(try ModelFolder.open(tree["m"]).manifest.toolVersion == Base.manifest.toolVersion)
  }

  /// Other thresholds and figures are no other network.
  @Test func whatOthersChangedStays() throws {
    let tree = try TemporaryFolder()
    let opened = try Base.write(tree["m"])
    try ModelFolder.open(tree["m"]).update(files: [ModelFile.report: Data("theirs".utf8)])
    try opened.changing { _ in ModelFolder.Change(manifest: { $0.metrics = ["mine": 1] }) }
    let now = try ModelFolder.open(tree["m"])
    #expect(try now.data(ModelFile.report) == Data("theirs".utf8))
    #expect(now.manifest.metrics == ["mine": 1])
  }

  @Test func aModelThatIsGoneIsSaid() throws {
    let tree = try TemporaryFolder()
    let opened = try Base.write(tree["m"])
    try FileManager.default.removeItem(atPath: tree["m"])
    #expect(throws: FileProblem.self) { try opened.changing { _ in ModelFolder.Change() } }
    #expect(Base.problem { _ = try ModelFolder.open(tree["m"]) }.contains("no such model"))
  }

  @Test func damageIsStillDamage() throws {
    let tree = try TemporaryFolder()
    try Base.write(tree["m"])
    try tree.file("m/" + ModelFile.graph, text: "other")
    #expect(
      Base.problem { _ = try ModelFolder.open(tree["m"]) }.contains("changed or is damaged"))
  }

  /// Runs `body` in so many threads, which all run at the same time however few processors there are.
  private static func inThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    let ended = DispatchSemaphore(value: 0)
    for number in 0..<count {
      Thread {
        body(number)
        ended.signal()
      }.start()
    }
    for _ in 0..<count { ended.wait() }
  }

  private final class Failures: @unchecked Sendable {
    private let lock = NSLock()
    private var found: [String] = []

    var all: [String] { lock.withLock { found } }

    func note(_ body: () throws -> Void) {
      do { try body() } catch { lock.withLock { found.append("\(error)") } }
    }
  }
}
