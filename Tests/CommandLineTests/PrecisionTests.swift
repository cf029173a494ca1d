import Foundation
import NormaCore
import Testing

extension CommandLineTests {
  /// `norma export --precision`: the same model in another arithmetic.
  @Suite struct PrecisionTests {
    private func verdicts(_ workshop: Workshop, _ model: String) async throws -> [InspectedPicture]
    {
      try await workshop.norma(
        "inspect", model, "products/dotted/test/good", "products/striped/test/good", "--json"
      ).verdicts
    }

    @Test func anInt8ModelScoresAsTheModelDoes() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      // The tiny network's defects are noise as no normal picture has, far outside of what its integers
      // cover: it finds them less well, and is refused.
      let arguments = [
        "export", "line.norma", "--precision", "int8", "--pictures", "products", "--output",
        "int8.norma",
      ]
      let refused = try await workshop.start(arguments).result()
      #expect(refused.status == 3 && refused.errors.contains("nothing was written"), "\(refused)")
      #expect(!workshop.exists("int8.norma"))

      let made = try await workshop.start(arguments + ["--accept-drop", "100"]).result()
      #expect(made.status == 0, "\(made)")
      #expect(made.output.contains("int8 against float32 on 24 normal pictures"), "\(made)")
      #expect(made.output.contains("image AUROC") && made.output.contains("pixel AUROC"))

      let (model, int8) = try (
        ModelFolder.open(workshop.path + "/line.norma"),
        ModelFolder.open(workshop.path + "/int8.norma")
      )
      #expect(int8.manifest.modelPrecision == .int8)
      #expect(int8.manifest.previousCalibrations.count == 1)
      #expect(try int8.data(ModelFile.weights) == model.data(ModelFile.weights))
      let graph = try int8.data(ModelFile.graph)
      #expect(try graph.count < model.data(ModelFile.graph).count / 2)
      #expect(graph.range(of: Data("QuantizeLinear".utf8)) != nil)
      let page = try String(decoding: int8.data(ModelFile.report), as: UTF8.self)
      #expect(page.contains("int8") && !page.contains("float32"))

      let expected = try await verdicts(workshop, "line.norma")
      let found = try await verdicts(workshop, "int8.norma")
      #expect(found.map(\.path) == expected.map(\.path) && found.count == 8)
      for (found, expected) in zip(found, expected) {
        #expect(abs(found.score - expected.score) < 0.05 * expected.score, "\(found.path)")
      }
      // It is a graph of its own, not the model's under another name.
      #expect(zip(found, expected).contains { $0.score != $1.score })

      let kernels = try await workshop.norma(
        "measure", "layers", "int8.norma", "products/dotted/test/good/100.png")
      #expect(kernels.lines.contains { $0.contains("Convolution") && $0.contains("I8") })

      let exported = try await workshop.norma("export", "int8.norma", "--output", "int8.onnx")
      #expect(exported.status == 0, "\(exported)")
      #expect(try workshop.data("int8.onnx").range(of: Data("QuantizeLinear".utf8)) != nil)
      // Its integers are a network of their own, and so is what it gives for the reference picture.
      let (reference, other) = (
        try #require(try model.reference()), try #require(try int8.reference())
      )
      #expect(other.isQuantized && !reference.isQuantized && other.score != reference.score)
      let again = try await workshop.norma(
        "export", "int8.norma", "--precision", "f32", "--pictures", "products", "--output",
        "back.norma")
      #expect(again.status == 3 && again.errors.contains("name the model that it was made from"))
    }

    @Test func picturesThatCannotBeReadAreLeftOut() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      let whole = try workshop.data("products/striped/train/good/0.png")
      for number in 0..<4 {
        try workshop.write(whole, to: "some/striped/\(number).png")
        try workshop.write(whole.prefix(whole.count / 2), to: "none/striped/\(number).png")
      }
      try workshop.write(whole.prefix(whole.count / 2), to: "some/striped/9.png")
      let some = try await workshop.norma(
        "export", "line.norma", "--precision", "bf16", "--pictures", "some", "-o", "bf16.norma")
      #expect(some.status == 0 && some.errors.contains("left out: "), "\(some)")
      #expect(some.errors.contains("some/striped/9.png"))
      #expect(some.output.contains("on 4 normal pictures"))
      #expect(some.output.contains("no test pictures with known defects"))
      let model = try ModelFolder.open(workshop.path + "/bf16.norma")
      #expect(model.manifest.modelPrecision == .bf16)

      let none = try await workshop.norma(
        "export", "line.norma", "--precision", "int8", "--pictures", "none", "-o", "int8.norma")
      #expect(none.status == 3 && none.errors.contains("none of its pictures can be read"))
      let missing = try await workshop.norma(
        "export", "line.norma", "--precision", "int8", "--pictures", "nowhere", "-o", "int8.norma")
      #expect(missing.status == 3 && missing.errors.contains("there is no such file or folder"))
      for category in ["lids", "cups"] {
        try workshop.write(whole, to: "others/\(category)/0.png")
      }
      let others = try await workshop.norma(
        "export", "line.norma", "--precision", "int8", "--pictures", "others", "-o", "int8.norma")
      #expect(others.status == 3 && others.errors.contains("none of the model's categories"))
      #expect(!workshop.exists("int8.norma"))
    }

    @Test(arguments: [
      ["--precision", "int8", "-o", "x.norma"], ["--pictures", "products", "-o", "x.onnx"],
      ["--precision", "int4", "--pictures", "products", "-o", "x.norma"],
      ["--precision", "int8", "--pictures", "products", "-o", "x.onnx"],
      ["--precision", "int8", "--pictures", "products", "-o", "x.norma", "--limit", "0"],
      ["--precision", "int8", "--pictures", "products", "-o", "x.norma", "--accept-drop", "-1"],
    ])
    func wrongUsageIsTold(arguments: [String]) async throws {
      let workshop = try Workshop()
      let wrong = try await workshop.start(["export", "line.norma"] + arguments).result()
      #expect(wrong.status == 64, "\(wrong)")
    }

    @Test func nothingThatExistsIsLost() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      let before = try ModelFolder.open(workshop.path + "/line.norma").manifest
      for force in [[], ["--force"]] {
        let own = try await workshop.start(
          [
            "export", "line.norma", "--precision", "bf16", "--pictures", "products", "-o",
            "line.norma",
          ] + force
        ).result()
        #expect(own.status == 3 && own.errors.contains("choose another name"), "\(own)")
      }
      #expect(try ModelFolder.open(workshop.path + "/line.norma").manifest == before)
    }
  }
}
