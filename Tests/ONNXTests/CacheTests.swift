import Foundation
import Networks
import ONNX
import OpenVINO
import TestSupport
import Testing

/// Compiled models in a cache folder are found again, never taken for another's, never run damaged.
@Suite struct CacheTests {
  private let parent: TemporaryFolder
  private var folder: URL { parent.url.appendingPathComponent("made/when/needed") }

  init() throws { parent = try TemporaryFolder() }

  private func model(scale: Float) throws -> Data {
    let graph = Graph()
    let x = try graph.input("x0", shape: [-1, 4, 64])
    let weight = (0..<4096).map { sin(Float($0)) * scale }
    let y = try x.linear(weight: x.constant(weight, shape: [64, 64]), bias: nil)
    try graph.output(y, name: "y")
    return try graph.model()
  }

  private func run(_ model: Data, _ options: CompileOptions) throws -> [Float] {
    let request = try Engine.core.get().compile(onnx: model, options: options).makeRequest()
    try request.setInput("x0", (0..<256).map { cos(Float($0)) }, shape: [1, 4, 64])
    try request.infer()
    return try request.output("y").values
  }

  private func files() -> [URL] {
    let found = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return (found?.allObjects as? [URL] ?? []).filter { !$0.hasDirectoryPath }
      .sorted { $0.path < $1.path }
  }

  @Test func modelsAreToldApart() throws {
    let models = try [model(scale: 1), model(scale: 1.001), model(scale: -1)]
    for precision in Precision.allCases {
      for model in models {
        let plain = try run(model, CompileOptions(precision: precision))
        let cached = CompileOptions(precision: precision, cacheFolder: folder.path)
        #expect(try run(model, cached) == plain, "first time, \(precision)")
        let kept = files()
        #expect(try run(model, cached) == plain, "from the cache, \(precision)")
        #expect(files() == kept)
      }
    }
    #expect(files().filter { $0.pathExtension == "sha256" }.count >= 3)
  }

  /// What compiles otherwise has a folder of its own: OpenVINO alone would let some of these share one.
  @Test func everyOptionIsToldApart() throws {
    let model = try model(scale: 1)
    let all = [
      CompileOptions(precision: .f32), CompileOptions(precision: .bf16),
      CompileOptions(hint: .throughput), CompileOptions(threads: 1), CompileOptions(threads: 2),
      CompileOptions(batch: 1), CompileOptions(profiling: true),
    ]
    let expected = try run(model, all[0])
    for (index, options) in all.enumerated() {
      var options = options
      options.cacheFolder = folder.path
      let found = try run(model, options)
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 0.1 }, "\(options)")
      let entries = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        .filter { !$0.hasSuffix(".lock") }
      #expect(entries.count == index + 1, "\(options)")
    }
  }

  /// Eight at once on an empty cache: nobody reads what another is writing, nothing half is left.
  @Test func manyMayBeginAtOnce() async throws {
    let model = try model(scale: 1)
    let options = CompileOptions(cacheFolder: folder.path)
    let expected = try run(model, CompileOptions())
    for _ in 0..<5 {
      try? FileManager.default.removeItem(at: folder)
      let found = try await withThrowingTaskGroup(of: [Float].self) { group in
        for _ in 0..<8 { group.addTask { try self.run(model, options) } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(found.allSatisfy { $0 == expected })
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(names.count == 2, "one folder and its lock: \(names)")
    }
  }

  /// What a process that was killed left half-way is not taken for whole.
  @Test func unsignedFilesAreNotRun() throws {
    let model = try model(scale: 1)
    let options = CompileOptions(cacheFolder: folder.path)
    let expected = try run(model, options)
    for file in files() where file.pathExtension == "sha256" {
      try FileManager.default.removeItem(at: file)
    }
    #expect(try run(model, options) == expected)
    #expect(files().contains { $0.pathExtension == "sha256" })
  }

  @Test func damagedFilesAreNotRun() throws {
    let model = try model(scale: 1)
    let options = CompileOptions(cacheFolder: folder.path)
    let expected = try run(model, options)
    try #require(files().count >= 3)
    for file in files() where file.pathExtension != "lock" {
      let intact = try Data(contentsOf: file)
      var damaged = [Data(), intact.prefix(intact.count / 2), Data(repeating: 7, count: 999)]
      for position in stride(from: 50, to: intact.count, by: max(1, intact.count / 10)) {
        var flipped = intact
        flipped[position] ^= 0x40
        damaged.append(flipped)
      }
      for bytes in damaged {
        try bytes.write(to: file)
        #expect(try run(model, options) == expected, "\(file.lastPathComponent)")
      }
    }
  }

  /// What a check refuses is neither returned nor kept; what it passed is not looked at again.
  @Test func onlyWhatPassesItsCheckIsKept() throws {
    struct Refused: Error {}
    let model = try model(scale: 1)
    for folder in [folder.path, "/dev/null/cache", nil] {
      let options = CompileOptions(cacheFolder: folder)
      var looks = 0
      func compiled(_ isRight: Bool) throws -> CompiledModel {
        try Engine.core.get().compile(onnx: model, options: options) { _ in
          looks += 1
          guard isRight else { throw Refused() }
        }
      }
      #expect(throws: Refused.self) { try compiled(false) }
      #expect(throws: Refused.self) { try compiled(false) }
      #expect(looks == 2 && !files().contains { $0.pathExtension == "sha256" })
      _ = try compiled(true)
      _ = try compiled(true)
      #expect(looks == (folder == self.folder.path ? 3 : 4), "\(folder ?? "no folder")")
      if folder == self.folder.path { try FileManager.default.removeItem(at: self.folder) }
    }
  }

  @Test func aFolderThatCannotBeMadeIsDoneWithout() throws {
    let model = try model(scale: 2)
    let nowhere = CompileOptions(cacheFolder: "/dev/null/cache")
    #expect(try run(model, nowhere) == run(model, CompileOptions()))
  }
}
