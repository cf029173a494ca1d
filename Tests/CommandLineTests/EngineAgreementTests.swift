import Foundation
import Norma
import NormaCore
import NormaFiles
import TestSupport
import Testing

extension CommandLineTests {
  /// What LibTorch trained is what the exported graph computes, in OpenVINO and in ONNX Runtime.
  @Suite struct EngineAgreementTests {
    private static let compare = [
      "doctor", "--model", "line.norma", "--pictures", "products/dotted/test", "--json", "--dump",
      "dump.safetensors", "--force",
    ]

    @Test func openVINOComputesWhatLibTorchTrained() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      let compared = try await workshop.start(Self.compare).result()
      #expect(compared.status == 0, "\(compared)")
      let agreement = try #require(try compared.doctor.agreement)
      #expect(agreement.pictures == 7)
      let exact = try #require(agreement.rows.first { $0.engine == "OpenVINO f32" })
      #expect(exact.score < 1e-3 && exact.map < 1e-3, "\(exact)")
      #expect(agreement.rows.contains { $0.engine == "OpenVINO bf16" })

      // The comparison compares: other weights than those of the graph do not agree.
      let model = try ModelFolder.open(workshop.path + "/line.norma")
      var stored = try SafeTensors.read(model.data(ModelFile.weights))
      for index in stored.tensors["decoder.0.output.bias"]?.values.indices ?? 0..<0 {
        stored.tensors["decoder.0.output.bias"]?.values[index] += 1000
      }
      try model.update(files: [
        ModelFile.weights: SafeTensors.write(stored.tensors, metadata: stored.metadata)
      ])
      let other = try await workshop.start(Self.compare).result()
      let differing = try #require(try other.doctor.agreement)
      #expect((differing.rows.first?.map ?? 0) > 1e-3, "\(other)")
    }

    @Test func uniADIsTheSameInBothEngines() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      try workshop.writeRecipe(
        "tiny-uniad.yaml", adding: "method: uniad\n", replacing: ["ras:": "uniad:"])
      let trained = try await workshop.norma(
        "train", "products", "--output", "line.norma", "--force", "--recipe", "tiny-uniad.yaml")
      #expect(trained.status == 0 && trained.output.contains("UniAD"), "\(trained)")
      let manifest = try ModelFolder.open(workshop.path + "/line.norma").manifest
      #expect(manifest.method == "uniad" && !manifest.recipe.features.pool)
      let compared = try await workshop.start(Self.compare).result()
      #expect(compared.status == 0, "\(compared)")
      let agreement = try #require(try compared.doctor.agreement)
      let exact = try #require(agreement.rows.first { $0.engine == "OpenVINO f32" })
      #expect(exact.score < 1e-3 && exact.map < 1e-3, "\(exact)")
    }

    private static let interpreter = Python.interpreter(importing: "numpy, onnxruntime")

    @Test(.enabled(if: interpreter != nil, "needs Python with onnxruntime and numpy"))
    func onnxRuntimeComputesWhatLibTorchTrained() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      #expect(try await workshop.start(Self.compare).result().status == 0)
      let exported = try await workshop.norma("export", "line.norma", "--output", "line.onnx")
      #expect(exported.status == 0, "\(exported)")
      let python = try #require(Self.interpreter)
      let result = try Python.run(
        python,
        [
          Self.script, workshop.path + "/line.onnx", workshop.path + "/dump.safetensors",
        ])
      #expect(result.status == 0, "\(result.output)")
      #expect(result.output.contains("\"pictures\": 7"), "\(result.output)")
    }

    private static let decoding = Python.interpreter(importing: "numpy, onnxruntime, PIL")

    /// ONNX Runtime alone reaches Norma's verdict on every picture: of both products, of things that are
    /// neither, and of the reference picture.
    @Test(.enabled(if: decoding != nil, "needs Python with onnxruntime, numpy and Pillow"))
    func onnxRuntimeDecidesAsNormaDoes() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      // So many normal pictures tell what is of neither product.
      for product in Products.allCases {
        for number in 400..<470 {
          try workshop.write(
            png: product.picture(number), to: "new/\(product.rawValue)/\(number).png")
        }
      }
      let calibrated = try await workshop.norma("calibrate", "line.norma", "new")
      #expect(calibrated.status == 0, "\(calibrated)")
      let (width, height) = (Products.width, Products.height)
      for (name, grey) in [("black", UInt8(0)), ("white", 255)] {
        try workshop.write(
          png: Picture(
            width: width, height: height,
            rgb: [UInt8](repeating: grey, count: width * height * 3)),
          to: "products/dotted/test/odd/\(name).png")
      }
      let stored = try await workshop.norma(
        "store", "products", "--test", "--image-size", "64", "--output", "pictures.store")
      #expect(stored.status == 0, "\(stored)")
      let inspected = try await workshop.norma(
        "inspect", "line.norma", "products/dotted/test", "products/striped/test", "--json")
      #expect(inspected.status == 1, "\(inspected)")
      let verdicts = try inspected.verdicts
      #expect(verdicts.count == 16 && verdicts.contains { $0.unknown == true })
      try workshop.write(Data(inspected.output.utf8), to: "verdicts.jsonl")
      let exported = try await workshop.norma("export", "line.norma", "--output", "line.onnx")
      #expect(exported.status == 0, "\(exported)")
      #expect(exported.output.contains("category, level, unknown, anomalous"), "\(exported)")

      let python = try #require(Self.decoding)
      let files = ["line.onnx", "pictures.store", "verdicts.jsonl"].map { workshop.path + "/" + $0 }
      let compared = try Python.run(python, [Self.script] + files)
      #expect(compared.status == 0, "\(compared.output)")
      #expect(compared.output.contains("\"pictures\": 16"), "\(compared.output)")
      #expect(compared.output.contains("\"differing\": 0"), "\(compared.output)")
      let reference = try Python.run(python, [Self.script, files[0]])
      #expect(reference.status == 0, "\(reference.output)")

      // The comparison compares: with another verdict in the file it ends with 1.
      let line = try #require(inspected.lines.first { $0.contains("\"anomalous\":true") })
      let turned = line.replacingOccurrences(of: "\"anomalous\":true", with: "\"anomalous\":false")
      try workshop.write(Data((turned + "\n").utf8), to: "verdicts.jsonl")
      #expect(try Python.run(python, [Self.script] + files).status == 1)
    }

    private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Scripts/onnxruntime-agreement.py").standardizedFileURL.path
  }
}
