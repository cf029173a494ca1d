import Foundation
import Testing

extension CommandLineTests {
  @Suite struct ModelIntegrityTests {
    @Test(arguments: [
      "manifest.json", "weights.safetensors", "graph.onnx", "calibration.json", "report/index.html",
    ])
    func oneFlippedByteIsRefused(file: String) async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      var bytes = try workshop.data("line.norma/\(file)")
      bytes[bytes.startIndex + bytes.count / 2] ^= 0x20
      try workshop.write(bytes, to: "line.norma/\(file)")
      for arguments in [
        ["inspect", "line.norma", "products"], ["export", "line.norma", "--output", "x.onnx"],
      ] {
        let refused = try await workshop.start(arguments).result()
        #expect(refused.status == 3, "\(refused)")
        #expect(refused.errors.contains(file), "\(refused)")
        #expect(refused.output.isEmpty)
      }
      #expect(!workshop.exists("x.onnx"))
    }

    @Test func aMissingFileIsNamed() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      try FileManager.default.removeItem(atPath: workshop.path + "/line.norma/graph.onnx")
      let refused = try await workshop.norma("inspect", "line.norma", "products")
      #expect(refused.status == 3)
      #expect(refused.errors.contains("graph.onnx"), "\(refused)")
    }

    @Test func aFolderThatIsNoModelIsToldSo() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      let refused = try await workshop.norma("inspect", "products", "products")
      #expect(refused.status == 3)
      #expect(refused.errors.contains("manifest.json"), "\(refused)")
    }
  }
}
