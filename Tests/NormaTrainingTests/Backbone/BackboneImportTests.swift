import Foundation
import Networks
import NormaCore
import NormaFiles
import NormaTraining
import TestSupport
import Testing

@Suite struct BackboneImportTests {
  private func write(
    _ tensors: [String: WeightTensor], to folder: TemporaryFolder, metadata: [String: String] = [:]
  ) throws -> String {
    let path = folder.path + "/download.safetensors"
    try SafeTensors.write(tensors, metadata: metadata).write(to: URL(fileURLWithPath: path))
    return path
  }

  @Test func storesUnderTheBackbonesNameWithItsOrigin() throws {
    let folder = try TemporaryFolder()
    let registry = WeightsRegistry(folders: [folder.path + "/home/weights"])
    let specification = try BackboneWeightsTests.named("efficientnet-lite0")
    var shapes = UpstreamNames.lukemelas(specification)
    shapes["_fc.bias"] = [1000]
    let file = try write(UpstreamNames.tensors(shapes), to: folder)

    let imported = try BackboneImport.run(file, registry: registry)
    #expect(imported.specification.name == "efficientnet-lite0")
    #expect(imported.format == "safetensors")
    #expect(imported.blockCount == 16)
    #expect(imported.leftOut.contains("classifier.weight"))
    #expect(imported.path == folder.path + "/home/weights/efficientnet-lite0.safetensors")
    #expect(try Digest.sha256(file: imported.path) == imported.digest)

    let stored = try SafeTensors.read(imported.path)
    #expect(stored.metadata["backbone"] == "efficientnet-lite0")
    #expect(stored.metadata["licence"] == "Apache-2.0")
    #expect(stored.metadata["imported_from"] == "download.safetensors")
    #expect(stored.metadata["imported_digest"] == (try Digest.sha256(file: file)))
    let expected = UpstreamNames.timm(specification, through: 15)
    #expect(
      stored.tensors.mapValues(\.shape)
        == expected.filter { !$0.key.hasSuffix("num_batches_tracked") })

    let direct = try BackboneWeights.load("efficientnet-lite0", from: file, registry: registry)
    let loaded = try BackboneWeights.load("efficientnet-lite0", registry: registry)
    #expect(loaded.parameters == direct.parameters)
    #expect(loaded.digest == imported.digest)
  }

  @Test func whatDoesNotFitIsNotStored() throws {
    let folder = try TemporaryFolder()
    let registry = WeightsRegistry(folders: [folder.path + "/home"])
    let specification = try BackboneWeightsTests.named("efficientnet-lite0")
    let whole = UpstreamNames.tensors(UpstreamNames.timm(specification, through: 10))

    func refusal(_ tensors: [String: WeightTensor], as name: String? = nil) throws -> String {
      let file = try write(tensors, to: folder)
      let error = #expect(throws: WeightsFileError.self) {
        try BackboneImport.run(file, as: name, registry: registry)
      }
      return error?.description ?? ""
    }
    var incomplete = whole
    incomplete["blocks.2.0.bn3.bias"] = nil
    let message = try refusal(incomplete)
    #expect(message.contains("closest is efficientnet-lite0"))
    #expect(message.contains("missing (1): blocks.2.0.bn3.bias"))

    var spoilt = whole
    spoilt["blocks.2.0.bn3.bias"]?.values[0] = .nan
    #expect(try refusal(spoilt).contains("'blocks.2.0.bn3.bias' has the value nan"))

    #expect(try refusal(whole, as: "efficientnet-b0").contains("se.conv_reduce"))
    let other = ["layer1.weight": WeightTensor(shape: [1], values: [1])]
    #expect(try refusal(other).contains("no backbone that Norma knows"))
    let file = try write(whole, to: folder)
    #expect(throws: UnknownBackbone.self) {
      try BackboneImport.run(file, as: "b4", registry: registry)
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/home"))
  }
}
