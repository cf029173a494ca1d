import Foundation
import NormaCore
import Testing

extension CommandLineTests {
  /// A plan on one machine's store is the plan on another's pictures.
  @Suite struct StoreBenchmarkTests {
    private static let plan = """
      seeds: [0, 1]
      epochs: 6
      resamples: 100
      rows:
        - name: plain
          recipe: exact.yaml
        - name: noise
          recipe: exact.yaml
          jitter: 40

      """

    private func workshop() async throws -> Workshop {
      let workshop = try Workshop()
      try workshop.makeProducts()
      try workshop.writeRecipe("exact.yaml", adding: "features:\n  precision: f32\n")
      try workshop.write(Data(Self.plan.utf8), to: "plan.yaml")
      let stored = try await workshop.norma(
        "store", "products", "--output", "p.store", "--image-size", "64", "--test")
      #expect(stored.status == 0, "\(stored)")
      return workshop
    }

    private struct Table: Decodable {
      struct Spread: Decodable { var mean: Double }
      struct Row: Decodable {
        var name: String
        var runsDone: Int
        var imageAUROC: Spread?
        var pixelAUROC: Spread?
        var aupro: Spread?
      }
      var rows: [Row]
    }

    @Test func recordsOfAStoreBecomeTheTableOfItsPictures() async throws {
      let workshop = try await workshop()
      let store = try PictureStore(path: workshop.path + "/p.store")
      #expect(store.samples.count == 24 && !store.tests.isEmpty)
      let defects = store.tests.enumerated().filter { $0.element.label.isAnomalous }
      #expect(!defects.isEmpty)
      #expect(defects.contains { store.mask(store.samples.count + $0.offset)?.contains(1) == true })

      // Two processes share the plan; each training is one's alone, with all that is tested of it.
      for part in ["1/2", "2/2"] {
        let found = try await workshop.train(
          "benchmark", "plan.yaml", "p.store", "--output", "found", "--part", part)
        #expect(found.status == 0, "\(found)")
      }
      let files = try FileManager.default.contentsOfDirectory(atPath: workshop.path + "/found")
      #expect(files.count { $0.hasSuffix(".record.json") } == 4 && files.count == 4, "\(files)")
      let again = try await workshop.train(
        "benchmark", "plan.yaml", "p.store", "--output", "found")
      #expect(again.status == 0 && !again.text.contains("Training"), "\(again)")

      func table(_ arguments: String...) async throws -> Table {
        let result = try await workshop.start(
          ["benchmark", "plan.yaml", "products", "--json"] + arguments
        ).result()
        #expect(result.status == 0, "\(result)")
        return try JSONDecoder().decode(Table.self, from: Data(result.output.utf8))
      }
      let taken = try await table("--output", "taken", "--records", "found", "--table")
      let usual = try await table("--output", "usual")
      #expect(taken.rows.map(\.runsDone) == [2, 2])
      for (one, other) in zip(taken.rows, usual.rows) {
        for metric in [\Table.Row.imageAUROC, \.pixelAUROC, \.aupro] {
          let (a, b) = (try #require(one[keyPath: metric]), try #require(other[keyPath: metric]))
          #expect(abs(a.mean - b.mean) < 0.02, "\(one.name): \(a.mean) and \(b.mean)")
        }
      }
    }

    @Test func aTrainingIsKeptUntilItsLastTestIsRecorded() async throws {
      let workshop = try await workshop()
      let run = ["benchmark", "plan.yaml", "p.store", "--output", "found"]
      let command = try workshop.start(run, with: .train)
      func records() -> Set<String> {
        let files = try? FileManager.default.contentsOfDirectory(atPath: workshop.path + "/found")
        return Set((files ?? []).filter { $0.hasSuffix(".record.json") })
      }
      while command.process.isRunning, records().isEmpty {
        try await Task.sleep(for: .milliseconds(5))
      }
      command.kill()
      _ = try await command.result()
      // The noise is tested after both trainings.
      let found = try FileManager.default.contentsOfDirectory(atPath: workshop.path + "/found")
      if records().count < 3 {
        let kept = found.filter { $0.hasSuffix(".training") }
        #expect(kept.contains { workshop.exists("found/\($0)/checkpoint.safetensors") }, "\(found)")
      }
      let isWhole = records().count == 4
      let rest = try await workshop.start(run, with: .train).result()
      #expect(rest.status == 0, "\(rest)")
      #expect(rest.text.contains("Going on after 6") || isWhole, "\(rest)")
      let after = try FileManager.default.contentsOfDirectory(atPath: workshop.path + "/found")
      #expect(after.count == 4 && records().count == 4, "\(after)")
    }

    @Test func aDamagedMaskLeavesItsPictureInTheStore() async throws {
      let workshop = try await workshop()
      let mask = "products/dotted/ground_truth/noise/"
      let name = try #require(
        try FileManager.default.contentsOfDirectory(atPath: workshop.path + "/" + mask).sorted()
          .first)
      let file = try workshop.data(mask + name)
      try workshop.write(file.prefix(file.count / 2), to: mask + name)
      let stored = try await workshop.norma(
        "store", "products", "--output", "broken.store", "--image-size", "64", "--test")
      #expect(stored.status == 0 && stored.errors.contains("without its mask"), "\(stored)")
      let (whole, broken) = (
        try PictureStore(path: workshop.path + "/p.store"),
        try PictureStore(path: workshop.path + "/broken.store")
      )
      #expect(broken.tests.count == whole.tests.count && broken.leftOut == ["dotted": 1])
    }

    @Test func aPictureThatCannotBeDecodedIsCountedInItsRecords() async throws {
      let workshop = try await workshop()
      let victim = try #require(
        try PictureStore(path: workshop.path + "/p.store").tests.last
      ).path
      let file = try workshop.data("products/" + victim)
      // The header says what it says; what follows is cut short.
      try workshop.write(file.prefix(file.count / 2), to: "products/" + victim)
      let stored = try await workshop.norma(
        "store", "products", "--output", "broken.store", "--image-size", "64", "--test")
      #expect(stored.status == 0 && stored.errors.contains(victim), "\(stored)")
      let found = try await workshop.train(
        "benchmark", "plan.yaml", "broken.store", "--output", "found", "--seeds", "0")
      #expect(found.status == 0, "\(found)")
      let table = try await workshop.norma(
        "benchmark", "plan.yaml", "products", "--seeds", "0", "--records", "found", "--table")
      #expect(table.status == 2 && table.errors.contains("took in 2 records"), "\(table)")
    }

    @Test func whatDoesNotFitIsToldBeforeAnyWork() async throws {
      let workshop = try await workshop()
      let plain = try await workshop.norma(
        "store", "products", "--output", "plain.store", "--image-size", "64")
      #expect(plain.status == 0, "\(plain)")
      let untested = try await workshop.train(
        "benchmark", "plan.yaml", "plain.store", "--output", "found")
      #expect(untested.status == 3 && untested.errors.contains("--test"), "\(untested)")
      try workshop.write(
        Data((Self.plan + "  - recipe: exact.yaml\n    set: {backbone.imageSize: 96}\n").utf8),
        to: "larger.yaml")
      let size = try await workshop.train(
        "benchmark", "larger.yaml", "p.store", "--output", "found")
      #expect(size.status == 3 && size.errors.contains("--image-size 96"), "\(size)")
      #expect(!workshop.exists("found"))
      // What is not run needs no store.
      let noise = try await workshop.train(
        "benchmark", "larger.yaml", "p.store", "--output", "rows", "--seeds", "0", "--epochs", "1",
        "--row", "noise")
      #expect(noise.status == 0, "\(noise)")
      let records = try FileManager.default.contentsOfDirectory(atPath: workshop.path + "/rows")
      #expect(records.count { $0.hasSuffix(".json") } == 1, "\(records)")
      let part = try await workshop.train(
        "benchmark", "plan.yaml", "p.store", "--output", "found", "--part", "3/2")
      #expect(part.status == 64, "\(part)")
      let others = try await workshop.train(
        "benchmark", "plan.yaml", "p.store", "--output", "others", "--seeds", "0", "--epochs", "1",
        "--keep-models")
      #expect(others.status == 0, "\(others)")
      let kept = try FileManager.default.contentsOfDirectory(atPath: workshop.path + "/others")
      let model = try #require(kept.first { $0.hasSuffix(".norma") }, "\(kept)")
      #expect(throws: Never.self) { try ModelFolder.open(workshop.path + "/others/" + model) }
      let strange = try await workshop.norma(
        "benchmark", "plan.yaml", "products", "--seeds", "0", "--records", "others", "--table")
      #expect(strange.status == 3 && strange.errors.contains("none of a run"), "\(strange)")
      let empty = try await workshop.norma(
        "benchmark", "plan.yaml", "products", "--records", "products", "--table")
      #expect(empty.status == 3 && empty.errors.contains("no records"), "\(empty)")
    }
  }
}
