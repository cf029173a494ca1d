import Foundation
import Networks
import NormaCore
import NormaFiles
import NormaTraining
import TestSupport
import Testing

@Suite struct BackboneWeightsTests {
  static func named(_ name: String) throws -> EfficientNetSpecification {
    try #require(EfficientNetSpecification.named(name))
  }

  @Test func bothNamingsFoldIntoTheSameParameters() throws {
    for name in ["efficientnet-b0", "efficientnet-lite0"] {
      let specification = try Self.named(name)
      // The same values under both namings: each list in the order of the forward pass.
      let timm = UpstreamNames.tensors(UpstreamNames.timm(specification, through: 10))
      var renamed: [String: WeightTensor] = [:]
      for (name, tensor) in timm { renamed[lukemelas(name, specification)] = tensor }
      let folded = try BackboneWeights.folded(timm, specification, lastBlock: 10, file: "x")
      #expect(
        try BackboneWeights.folded(renamed, specification, lastBlock: 10, file: "x") == folded)
      #expect(folded.mapValues(\.shape) == specification.parameterShapes(throughBlock: 10))
      // Folded once, they stay as they are.
      #expect(
        try BackboneWeights.folded(folded, specification, lastBlock: 10, file: "x") == folded)
    }
  }

  private func lukemelas(_ name: String, _ specification: EfficientNetSpecification) -> String {
    var parts = name.split(separator: ".").map(String.init)
    let last = parts.removeLast()
    guard parts[0] == "blocks", let stage = Int(parts[1]), let place = Int(parts[2]),
      let block = specification.blocks.first(where: { $0.stage == stage && $0.place == place })
    else { return (parts[0] == "bn1" ? "_bn0" : "_conv_stem") + "." + last }
    let names =
      stage == 0
      ? [
        "conv_dw": "_depthwise_conv", "bn1": "_bn1", "conv_pw": "_project_conv", "bn2": "_bn2",
        "se.conv_reduce": "_se_reduce", "se.conv_expand": "_se_expand",
      ]
      : [
        "conv_pw": "_expand_conv", "bn1": "_bn0", "conv_dw": "_depthwise_conv", "bn2": "_bn1",
        "conv_pwl": "_project_conv", "bn3": "_bn2", "se.conv_reduce": "_se_reduce",
        "se.conv_expand": "_se_expand",
      ]
    let module = parts[3...].joined(separator: ".")
    return "_blocks.\(block.index).\(names[module] ?? module).\(last)"
  }

  @Test func refusesValuesThatAreNoNumbers() throws {
    let specification = try Self.named("efficientnet-lite0")
    let tensors = UpstreamNames.tensors(UpstreamNames.timm(specification, through: 0))
    for (name, value, word) in [
      ("blocks.0.0.conv_dw.weight", Float.nan, "nan"), ("bn1.running_mean", Float.infinity, "inf"),
      ("blocks.0.0.bn2.running_var", -1, "negative"),
    ] {
      var spoilt = tensors
      spoilt[name]?.values[3] = value
      let error = #expect(throws: WeightsFileError.self) {
        try BackboneWeights.folded(spoilt, specification, lastBlock: 0, file: "net.safetensors")
      }
      #expect(error?.description.hasPrefix("net.safetensors: '\(name)'") == true)
      #expect(error?.description.contains(word) == true)
    }
  }

  @Test func loadsFromTheRegistryWithTheFilesDigest() throws {
    let scratch = try TemporaryFolder()
    let specification = try Self.named("efficientnet-lite0")
    let data = try SafeTensors.write(
      UpstreamNames.tensors(UpstreamNames.timm(specification, through: 10)),
      metadata: ["licence": "CC0"])
    let path = scratch.path + "/tf_efficientnet_lite0.safetensors"
    try data.write(to: URL(fileURLWithPath: path))
    let registry = WeightsRegistry(folders: [scratch.path])
    let weights = try BackboneWeights.load("efficientnet-lite0", registry: registry)
    #expect(weights.path == path)
    #expect(weights.digest == Digest.sha256(data))
    #expect(weights.licence == "CC0")
    #expect(
      weights.parameters.mapValues(\.shape) == specification.parameterShapes(throughBlock: 10))

    #expect(throws: WeightsMissing.self) {
      try BackboneWeights.load("efficientnet-b4", registry: registry)
    }
    #expect(throws: UnknownBackbone.self) {
      try BackboneWeights.load("resnet-9000", registry: registry)
    }
    #expect(throws: BackboneError.self) {
      try BackboneWeights.load("efficientnet-lite0", taps: [99], registry: registry)
    }
    // Blocks that the file does not have.
    let error = #expect(throws: WeightsFileError.self) {
      try BackboneWeights.load("efficientnet-lite0", taps: [15], registry: registry)
    }
    #expect(error?.reason.contains("blocks.5.0.conv_pw.weight") == true)
    // The wrong network.
    #expect(throws: WeightsFileError.self) {
      try BackboneWeights.load("efficientnet-b0", from: path, registry: registry)
    }
  }

  @Test(.enabled(if: SharedData.isPresent, "needs the shared data"))
  func theSharedB4FitsItsSpecification() throws {
    let file = try SafeTensorsFile(
      path: SharedData.url("weights/tf_efficientnet_b4_trunk.safetensors").path)
    var shapes: [String: [Int]] = [:]
    for name in file.names { shapes[name] = file.shape(name) }
    let best = try #require(BackboneFit.best(shapes))
    #expect(best.specification.name == "efficientnet-b4")
    #expect(best.isExact, "\(best.problems)")
    let specification = try Self.named("efficientnet-b4")
    #expect(
      shapes
        == UpstreamNames.timm(specification, through: 21).filter {
          !$0.key.hasSuffix("num_batches_tracked")
        })
  }
}
