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

/// Names and shapes of whole networks, written out as the two upstream implementations name them.
enum UpstreamNames {
  /// timm: `conv_stem`, `bn1`, `blocks.<stage>.<place>.…`.
  static func timm(
    _ specification: EfficientNetSpecification, through lastBlock: Int
  ) -> [String: [Int]] {
    var shapes = ["conv_stem.weight": [specification.stemChannels, 3, 3, 3]]
    norm("bn1", specification.stemChannels, into: &shapes)
    for block in specification.blocks[...lastBlock] {
      let scope = "blocks.\(block.stage).\(block.place)"
      let (input, middle) = (block.inputChannels, block.expandedChannels)
      let expands = block.stage > 0
      if expands {
        shapes["\(scope).conv_pw.weight"] = [middle, input, 1, 1]
        norm("\(scope).bn1", middle, into: &shapes)
      }
      shapes["\(scope).conv_dw.weight"] = [middle, 1, block.kernel, block.kernel]
      norm("\(scope).bn\(expands ? 2 : 1)", middle, into: &shapes)
      squeeze(
        block, ["\(scope).se.conv_reduce", "\(scope).se.conv_expand"], into: &shapes)
      let projection = expands ? "conv_pwl" : "conv_pw"
      shapes["\(scope).\(projection).weight"] = [block.outputChannels, middle, 1, 1]
      norm("\(scope).bn\(expands ? 3 : 2)", block.outputChannels, into: &shapes)
    }
    return shapes
  }

  /// lukemelas: `_conv_stem`, `_bn0`, `_blocks.<index>.…`, with head and classifier.
  static func lukemelas(_ specification: EfficientNetSpecification) -> [String: [Int]] {
    var shapes = ["_conv_stem.weight": [specification.stemChannels, 3, 3, 3]]
    norm("_bn0", specification.stemChannels, into: &shapes)
    for block in specification.blocks {
      let scope = "_blocks.\(block.index)"
      let (input, middle) = (block.inputChannels, block.expandedChannels)
      if block.stage > 0 {
        shapes["\(scope)._expand_conv.weight"] = [middle, input, 1, 1]
        norm("\(scope)._bn0", middle, into: &shapes)
      }
      shapes["\(scope)._depthwise_conv.weight"] = [middle, 1, block.kernel, block.kernel]
      norm("\(scope)._bn1", middle, into: &shapes)
      squeeze(block, ["\(scope)._se_reduce", "\(scope)._se_expand"], into: &shapes)
      shapes["\(scope)._project_conv.weight"] = [block.outputChannels, middle, 1, 1]
      norm("\(scope)._bn2", block.outputChannels, into: &shapes)
    }
    shapes["_conv_head.weight"] = [1280, 320, 1, 1]
    norm("_bn1", 1280, into: &shapes)
    shapes["_fc.weight"] = [1000, 1280]
    shapes["_fc.bias"] = [1000]
    return shapes
  }

  private static func norm(_ name: String, _ channels: Int, into shapes: inout [String: [Int]]) {
    for part in ["weight", "bias", "running_mean", "running_var"] {
      shapes["\(name).\(part)"] = [channels]
    }
    shapes["\(name).num_batches_tracked"] = []
  }

  private static func squeeze(
    _ block: EfficientNetBlock, _ names: [String], into shapes: inout [String: [Int]]
  ) {
    guard let squeezed = block.squeezedChannels else { return }
    for (name, sizes) in zip(
      names, [[squeezed, block.expandedChannels], [block.expandedChannels, squeezed]])
    {
      shapes["\(name).weight"] = sizes + [1, 1]
      shapes["\(name).bias"] = [sizes[0]]
    }
  }

  /// Tensors of these shapes: distinct small values, variances positive.
  static func tensors(_ shapes: [String: [Int]]) -> [String: WeightTensor] {
    var result: [String: WeightTensor] = [:]
    for (index, name) in shapes.keys.sorted().enumerated() {
      guard let shape = shapes[name] else { continue }
      let values = (0..<shape.reduce(1, *)).map { Float(($0 + index) % 17 + 1) / 16 }
      result[name] = WeightTensor(shape: shape, values: values)
    }
    return result
  }
}
