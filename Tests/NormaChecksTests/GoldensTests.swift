import Foundation
import Networks
import NormaChecks
import NormaCore
import NormaFiles
import NormaTraining
import TestSupport
import Testing

struct GoldensTests {
  @Test(
    .enabled(if: SharedData.isPresent, "needs the shared data"),
    arguments: [
      "dinomaly", "ras", "rlr", "uniad", "metrics", "efficientnet_b4", "dinov2_vits14",
      "vit_registers",
    ])
  func theEnginesAgreeWithTheReference(name: String) throws {
    let path = try SharedData.url("goldens/\(name).safetensors").path
    let results = try Goldens.run(
      at: path,
      backbone: {
        let file = $0 == "efficientnet-b4" ? "tf_efficientnet_b4_trunk" : $0
        let weights = try SharedData.url("weights/\(file).safetensors").path
        return try BackboneWeights.load($0, taps: $1, from: weights).parameters
      })
    let result = try #require(results.first)
    #expect(result.passed, "\(result)")
  }

  @Test(.enabled(if: SharedData.isPresent, "needs the shared data"))
  func aWrongNetworkDoesNotPass() throws {
    let source = try SharedData.url("goldens/ras.safetensors").path
    let file = try SafeTensors.read(source)
    let folder = try TemporaryFolder()
    do {
      // One parameter of the reference is not what its outputs were computed with.
      var tensors = file.tensors
      tensors["parameters.decoder.2.gate.weight"]?.values[5] += 0.5
      let path = folder["ras.safetensors"]
      try SafeTensors.write(tensors, metadata: file.metadata).write(to: URL(fileURLWithPath: path))
      let result = try #require(
        try Goldens.run(at: path, backbone: { _, _ in [:] }).first)
      #expect(!result.passed)
      #expect((result.outputs ?? 0) > 1e-4 && (result.gradients ?? 0) > 1e-4)
    }
  }

  @Test(.enabled(if: SharedData.isPresent, "needs the shared data"))
  func aTrunkOfOtherTokensDoesNotPass() throws {
    let file = try SafeTensors.read(SharedData.url("goldens/vit_registers.safetensors").path)
    let folder = try TemporaryFolder()
    do {
      var tensors = file.tensors
      tensors["parameters.blocks.1.attn.qkv.weight"]?.values[5] += 0.5
      let path = folder["vit.safetensors"]
      try SafeTensors.write(tensors, metadata: file.metadata).write(to: URL(fileURLWithPath: path))
      for engine in GoldenEngine.allCases {
        let result = try #require(
          try Goldens.run(at: path, backbone: { _, _ in [:] }, engines: [engine]).first)
        #expect(!result.passed && (result.outputs ?? 0) > 1e-4, "\(result)")
      }
      // One register fewer than its tensor has.
      var metadata = file.metadata
      metadata["registers"] = "1"
      try SafeTensors.write(file.tensors, metadata: metadata).write(to: URL(fileURLWithPath: path))
      let result = try #require(try Goldens.run(at: path, backbone: { _, _ in [:] }).first)
      #expect(!result.passed && result.note?.contains("register_tokens") == true, "\(result)")
    }
  }

  @Test func aMethodThatIsNotBuiltIsListedAsNotPassed() throws {
    let folder = try TemporaryFolder()
    do {
      let path = folder["new.safetensors"]
      let tensor = WeightTensor(shape: [1], values: [1])
      try SafeTensors.write(["loss": tensor], metadata: ["method": "\"brand-new\""])
        .write(to: URL(fileURLWithPath: path))
      try Data("rubbish".utf8).write(to: URL(fileURLWithPath: folder["broken.safetensors"]))
      let results = try Goldens.run(at: folder.path, backbone: { _, _ in [:] })
      #expect(results.map(\.file) == ["broken.safetensors", "new.safetensors"])
      #expect(results.allSatisfy { !$0.passed && $0.note != nil })
      #expect(results[1].method == "brand-new")
      #expect(throws: FileProblem.self) {
        try Goldens.run(at: folder.path + "/nowhere", backbone: { _, _ in [:] })
      }
    }
  }
}
