import Foundation
import NormaCore
import NormaFiles
import Testing

extension CommandLineTests {
  /// A plan from the command to its page; killed at whatever moment, it goes on to the same table.
  @Suite struct BenchmarkTests {
    private static let plan = """
      title: Tiny
      seeds: [0, 1]
      epochs: 6
      resamples: 100
      rows:
        - name: one step
          recipe: tiny.yaml
          published: {image: 90, source: nowhere}
        - name: noise
          recipe: tiny.yaml
          jitter: 40
        - name: two steps
          recipe: tiny.yaml
          set: {ras.decoder: 2}

      """
    private static let run = ["benchmark", "plan.yaml", "products", "--output", "out"]

    /// The parts of `--json` that its users rely on.
    private struct Table: Decodable, Equatable {
      struct Spread: Decodable, Equatable {
        var mean: Double
        var deviation: Double?
      }
      struct Row: Decodable, Equatable {
        var name: String
        var seeds: [Int]
        var runsDone: Int
        var imageAUROC: Spread?
        var pixelAUROC: Spread?
        var aupro: Spread?
        var categoryF1: Spread?
        var sharedF1: Spread?
        var steps: Spread?
      }
      struct Comparison: Decodable, Equatable {
        var first: String
        var second: String
      }
      var rows: [Row]
      var comparisons: [Comparison]
    }

    private func workshop(home: String? = nil, plan: String = BenchmarkTests.plan) throws
      -> Workshop
    {
      let workshop = try Workshop(home: home)
      try workshop.makeProducts()
      try workshop.write(Data(plan.utf8), to: "plan.yaml")
      return workshop
    }

    private func table(_ workshop: Workshop) async throws -> Table {
      let result = try await workshop.start(Self.run + ["--json"]).result()
      #expect(result.status == 0, "\(result)")
      #expect(result.lines.count == 1, "one JSON object: \(result)")
      return try JSONDecoder().decode(Table.self, from: Data(result.output.utf8))
    }

    @Test func aKilledPlanGoesOnToTheSameTable() async throws {
      let calm = try workshop()
      let clock = ContinuousClock()
      let start = clock.now
      let whole = try await table(calm)
      let duration = clock.now - start
      #expect(whole.rows.map(\.name) == ["one step", "noise", "two steps"])
      #expect(whole.rows.allSatisfy { $0.seeds == [0, 1] && $0.runsDone == 2 })
      #expect(whole.rows.allSatisfy { $0.imageAUROC?.deviation != nil && $0.aupro != nil })
      // 18 pictures a training, batches of 4, six epochs.
      #expect(whole.rows.allSatisfy { $0.steps?.mean == 24 })
      #expect(whole.comparisons.count == 3)
      #expect(
        whole.rows[0].imageAUROC != whole.rows[1].imageAUROC
          || whole.rows[0].pixelAUROC != whole.rows[1].pixelAUROC)
      for file in ["index.html", "results.csv", "summary.csv", "benchmark.sqlite"] {
        #expect(calm.exists("out/" + file))
      }
      let models = try FileManager.default.contentsOfDirectory(atPath: calm.path + "/out/models")
      #expect(models.count { $0.hasSuffix(".norma") } == 4, "noise needs no training: \(models)")

      var generator = SeededGenerator(seed: 11)
      let killed = try workshop(home: calm.home)
      var kills = 0
      for _ in 0..<3 {
        let command = try killed.start(Self.run)
        try await Task.sleep(for: duration * (0.1 + 0.6 * generator.uniform()))
        command.kill()
        if try await command.result().status == -SIGKILL { kills += 1 }
      }
      #expect(kills > 0)
      #expect(try await table(killed) == whole)
    }

    @Test func aCorrectedLabelIsAnotherTest() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      try workshop.write(Data("epochs: 1\nrows:\n  - recipe: tiny.yaml\n".utf8), to: "plan.yaml")
      let pictures = try DatasetReader.read(workshop.path + "/products").samples
      func table(correcting wrong: String?) throws {
        let lines = pictures.map { sample in
          let path = FilePath.relative(sample.path, to: workshop.path)
          let label = path == wrong ? "normal" : sample.label.defect ?? "normal"
          return "\(path),\(sample.category),\(sample.split.rawValue),\(label)"
        }
        let text = (["path,category,split,label"] + lines).joined(separator: "\n")
        try workshop.write(Data(text.utf8), to: "table.csv")
      }
      func list() async throws -> String {
        try await workshop.norma("benchmark", "plan.yaml", "table.csv", "--output", "out", "--list")
          .output
      }
      try table(correcting: nil)
      let run = try await workshop.norma("benchmark", "plan.yaml", "table.csv", "--output", "out")
      #expect(run.status == 0, "\(run)")
      #expect(try await list().contains(" done"))
      let defect = try #require(pictures.first { $0.label.isAnomalous })
      try table(correcting: FilePath.relative(defect.path, to: workshop.path))
      #expect(try await list().contains(" to do"))
      // The training is of the same pictures as before.
      let again = try await workshop.norma("benchmark", "plan.yaml", "table.csv", "--output", "out")
      #expect(again.status == 0 && !again.text.contains("Training"), "\(again)")
    }

    @Test func aModelOfOtherWeightsIsNotTested() async throws {
      let workshop = try workshop(
        plan: "epochs: 1\nrows:\n  - recipe: tiny.yaml\n    name: a\n")
      let first = try await workshop.start(Self.run).result()
      #expect(first.status == 0, "\(first)")
      try workshop.write(
        RandomBackbone.safetensors(seed: 99), to: "home/weights/efficientnet-lite0.safetensors")
      try workshop.write(
        Data(
          "epochs: 1\nrows:\n  - {recipe: tiny.yaml, name: a}\n  - {recipe: tiny.yaml, name: b, jitter: 0}\n"
            .utf8), to: "plan.yaml")
      let second = try await workshop.start(Self.run).result()
      #expect(second.status == 3 && second.errors.contains("not the weights"), "\(second)")
    }

    /// Whoever waits for a long benchmark may look at it; only its runs are one process's.
    @Test func aRunningBenchmarkIsLookedAt() async throws {
      let workshop = try workshop()
      let list = try await workshop.start(Self.run + ["--list"]).result()
      #expect(list.lines.count { $0.hasSuffix(" to do") } == 6, "\(list)")
      #expect(!workshop.exists("out"), "only looked")
      let first = try await workshop.start(Self.run + ["--seeds", "0", "--row", "one step"])
        .result()
      #expect(first.status == 0, "\(first)")
      let lock = try #require(try FileLock(workshop.path + "/out/lock"))
      defer { withExtendedLifetime(lock) {} }
      let refused = try await workshop.start(Self.run).result()
      #expect(refused.status == 3 && refused.errors.contains("another benchmark"), "\(refused)")
      let looked = try await workshop.start(Self.run + ["--list"]).result()
      #expect(looked.status == 0 && looked.lines.count { $0.hasSuffix(" done") } == 1, "\(looked)")
      let table = try await workshop.start(Self.run + ["--table"]).result()
      #expect(table.status == 0 && table.output.contains("one step"), "\(table)")
    }

    /// `--row` says what is run; the table is of what is done, whichever rows that are.
    @Test func aRowIsRunByItsName() async throws {
      let workshop = try workshop()
      let only = Self.run + ["--seeds", "0", "--row"]
      let list = try await workshop.start(only + ["two steps", "--list"]).result()
      #expect(list.lines.count { $0.hasSuffix(" to do") } == 1, "\(list)")
      #expect(list.output.contains("two steps") && !list.output.contains("noise"), "\(list)")
      for name in ["two steps", "one step"] {
        let result = try await workshop.start(only + [name, "--json"]).result()
        #expect(result.status == 0, "\(result)")
        let table = try JSONDecoder().decode(Table.self, from: Data(result.output.utf8))
        let done = Dictionary(uniqueKeysWithValues: table.rows.map { ($0.name, $0.runsDone) })
        #expect(done == ["one step": name == "one step" ? 1 : 0, "noise": 0, "two steps": 1])
      }
      let wrong = try await workshop.start(only + ["two step"]).result()
      #expect(wrong.status == 64 && wrong.errors.contains("did you mean 'two steps'?"), "\(wrong)")
      #expect(wrong.errors.contains("one step · noise · two steps"), "\(wrong)")
    }

    @Test func whatIsDoneStaysAndNewRowsAreAdded() async throws {
      let workshop = try workshop()
      try workshop.write(
        Data(Self.plan.replacingOccurrences(of: "[0, 1]", with: "[0]").utf8), to: "plan.yaml")
      _ = try await table(workshop)
      let before = try String(decoding: workshop.data("out/results.csv"), as: UTF8.self)
      let list = try await workshop.start(Self.run + ["--list", "--seeds", "0,1"]).result()
      #expect(list.lines.count { $0.hasSuffix(" done") } == 3, "\(list)")
      #expect(list.lines.count { $0.hasSuffix(" to do") } == 3, "\(list)")
      let more = try await workshop.start(Self.run + ["--seeds", "0,1", "--discard-models"])
        .result()
      #expect(more.status == 0, "\(more)")
      #expect(more.output.contains("one step") && more.output.contains("90.0"), "\(more)")
      let after = try String(decoding: workshop.data("out/results.csv"), as: UTF8.self)
      // The very lines, times included: nothing was done twice.
      for line in before.split(separator: "\r\n") { #expect(after.contains(line)) }
      #expect(after.count > before.count)
      let models = try FileManager.default.contentsOfDirectory(
        atPath: workshop.path + "/out/models")
      #expect(models.count { $0.hasSuffix(".norma") } == 2, "seed 0's stay: \(models)")
    }

    @Test func anInterruptKeepsWhatIsDone() async throws {
      let workshop = try workshop(
        plan: Self.plan.replacingOccurrences(of: "epochs: 6", with: "epochs: 5000"))
      let command = try workshop.start(Self.run)
      while command.process.isRunning {
        let models =
          (try? FileManager.default.contentsOfDirectory(atPath: workshop.path + "/out/models"))
          ?? []
        if models.contains(where: { workshop.exists("out/models/\($0)/checkpoint.safetensors") }) {
          break
        }
        try await Task.sleep(for: .milliseconds(20))
      }
      kill(command.process.processIdentifier, SIGINT)
      let stopped = try await command.result()
      #expect(stopped.status == 130, "\(stopped)")
      #expect(stopped.errors.contains("the same command goes on"), "\(stopped)")
      #expect(workshop.exists("out/index.html"))
    }

    @Test func mistakesAreToldBeforeAnyWork() async throws {
      let workshop = try workshop(plan: "rows:\n  - recipe: tiny.yaml\n    set: {ras.decodr: 2}\n")
      let wrong = try await workshop.start(Self.run).result()
      #expect(
        wrong.status == 3 && wrong.errors.contains("plan.yaml:3: unknown key 'decodr'"), "\(wrong)")
      #expect(!workshop.exists("out"))
      let unknown = try await workshop.norma("benchmark", "ras-table-44", "products")
      #expect(
        unknown.status == 3 && unknown.errors.contains("did you mean 'ras-table-4'?"), "\(unknown)")
      let usage = try await workshop.norma(
        "benchmark", "plan.yaml", "products", "--setting", "both")
      #expect(usage.status == 64, "\(usage)")
    }
  }
}
