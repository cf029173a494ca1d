import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

extension CommandLineTests {
  /// What LibTorch trained is what the exported graph computes, in OpenVINO and in ONNX Runtime.
  @Suite struct EngineAgreementTests {
    private static let compare = [
      "doctor", "--model", "line.norma", "--pictures", "products/dotted/test", "--json", "--dump",
      "dump.safetensors",
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
      let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Scripts/onnxruntime-agreement.py").standardizedFileURL.path
      let python = try #require(Self.interpreter)
      let result = try Python.run(
        python,
        [
          script, workshop.path + "/line.onnx", workshop.path + "/dump.safetensors",
        ])
      #expect(result.status == 0, "\(result.output)")
      #expect(result.output.contains("\"pictures\": 7"), "\(result.output)")
    }
  }
}
