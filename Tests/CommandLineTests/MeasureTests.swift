import Foundation
import NormaCore
import NormaFiles
import Testing

extension CommandLineTests {
  /// Parts of the work are timed; how long they take is no matter of a test.
  @Suite struct MeasureTests {
    private struct Round: Decodable {
      var seconds: Double
      var items: Int
      var results: [String: Double]
    }

    private func rounds(_ result: CommandResult) throws -> [Round] {
      #expect(result.status == 0, "\(result)")
      return try result.lines.map { try JSONDecoder().decode(Round.self, from: Data($0.utf8)) }
    }

    @Test func everyPartOfATrainedModelIsTimed() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      let times = ["--rounds", "2", "--json"]
      let pictures = "products/dotted/test"
      let parts: [([String], Int)] = [
        (["extract", pictures, "--recipe", "tiny.yaml", "--graph", "trunk.onnx"], 7),
        (["steps", "--recipe", "tiny.yaml", "--batch", "2", "--steps", "3"], 3),
        (["inspect", "line.norma", pictures], 7),
        (["decode", pictures + "/good/100.png", "--size", "64", "--times", "4"], 4),
      ]
      for (arguments, items) in parts {
        let result = try await workshop.start(["measure"] + arguments + times).result()
        let found = try rounds(result)
        #expect(found.map(\.items) == [items, items], "\(result)")
        #expect(found.allSatisfy { $0.seconds > 0 })
      }
      #expect(workshop.exists("trunk.onnx"))

      // What is timed is what inspects.
      let timed = try await workshop.norma(
        "measure", "inspect", "line.norma", pictures, "--latency", "--rounds", "1", "--json")
      let inspected = try await workshop.norma("inspect", "line.norma", pictures, "--json")
      let scores = try #require(try rounds(timed).first?.results)
      #expect(scores.count == 7)
      let verdicts = try inspected.verdicts
      #expect(verdicts.count == 7)
      for verdict in verdicts {
        #expect(abs(try #require(scores[verdict.path]) - Double(verdict.score)) < 1e-3)
      }
    }

    @Test func layersAreAddedUpByPart() async throws {
      struct Row: Decodable {
        var part: String
        var operation: String?
        var kernel: String?
        var count: Int
        var milliseconds: Double
      }
      let workshop = try await TrainedModel.shared.value.workshop()
      let picture = "products/dotted/test/good/100.png"
      func rows(_ arguments: String...) async throws -> [Row] {
        let result = try await workshop.start(
          ["measure", "layers", "line.norma", picture, "--times", "2", "--json"] + arguments
        ).result()
        #expect(result.status == 0, "\(result)")
        return try result.lines.map { try JSONDecoder().decode(Row.self, from: Data($0.utf8)) }
      }
      let parts = try await rows("--by", "part")
      #expect(Set(parts.map(\.part)) == ["trunk", "input", "encoder", "decoder"])
      #expect(parts.allSatisfy { $0.count > 0 && $0.milliseconds >= 0 && $0.operation == nil })
      let kernels = try await rows()
      let convolutions = kernels.filter { $0.operation == "Convolution" }
      #expect(!convolutions.isEmpty && convolutions.allSatisfy { $0.part == "trunk" })
      // Grouped either way the same kernels ran, but for those too short for OpenVINO's clock.
      let (all, grouped) = (kernels.map(\.count).reduce(0, +), parts.map(\.count).reduce(0, +))
      #expect(abs(all - grouped) <= all / 10 && all > 50)

      let table = try await workshop.norma(
        "measure", "layers", "line.norma", picture, "--times", "1", "--by", "operation")
      #expect(table.text.contains("Convolution") && table.text.contains("ms a picture"), "\(table)")
    }

    @Test func metricsAreThoseOfTheMaps() async throws {
      let workshop = try Workshop()
      let tensors = [
        "maps": WeightTensor(shape: [1, 2, 4], values: [1, 2, 3, 4, 5, 6, 7, 8]),
        "masks": WeightTensor(shape: [1, 2, 4], values: [0, 0, 0, 0, 0, 0, 1, 1]),
      ]
      try workshop.write(SafeTensors.write(tensors), to: "maps.safetensors")
      let measured = try await workshop.norma(
        "measure", "metrics", "maps.safetensors", "--rounds", "1", "--json")
      let found = try #require(try rounds(measured).first)
      #expect(found.items == 1 && found.results["auroc"] == 1 && found.results["aupro"] == 1)

      let wrong = try await workshop.norma("measure", "metrics", "tiny.yaml")
      #expect(wrong.status == 3 && wrong.errors.contains("tiny.yaml"), "\(wrong)")
    }

    @Test func whatCannotBeReadIsNotTimed() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      try workshop.write(Data("no picture".utf8), to: "mixed/text.png")
      try workshop.write(png: Products.dotted.picture(0), to: "mixed/whole.png")
      try FileManager.default.createDirectory(
        atPath: workshop.path + "/empty", withIntermediateDirectories: false)
      for (pictures, named) in [("mixed", "text.png"), ("empty", "empty"), ("nowhere", "nowhere")] {
        let parts = [
          ["extract", pictures, "--recipe", "tiny.yaml"], ["inspect", "line.norma", pictures],
        ]
        for part in parts {
          let failed = try await workshop.start(["measure"] + part + ["--rounds", "1"]).result()
          #expect(failed.status == 3 && failed.errors.contains(named), "\(failed)")
        }
      }
      for wrong in [["decode", "x.png", "--times", "0"], ["steps", "--steps", "0"]] {
        #expect(try await workshop.start(["measure"] + wrong).result().status == 64)
      }
    }

    @Test func peopleReadTheMedian() async throws {
      let workshop = try Workshop()
      let measured = try await workshop.norma(
        "measure", "steps", "--recipe", "tiny.yaml", "--steps", "2", "--rounds", "1")
      #expect(measured.status == 0, "\(measured)")
      #expect(measured.output.contains("steps a second"), "\(measured)")
      let none = try await workshop.norma(
        "measure", "steps", "--recipe", "tiny.yaml", "--rounds", "0")
      #expect(none.status == 64)
    }
  }
}
