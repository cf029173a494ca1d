import Foundation
import Networks
import NormaCore
import NormaFiles
import NormaTraining
import TestSupport
import Testing

@Suite struct VisionTransformerWeightsTests {
  private static let small = VisionTransformerSpecification(
    name: "small", patch: 2, width: 4, depth: 2, heads: 2, registers: 2, hasLayerScale: true,
    positions: .learned(side: 3))

  /// Every tensor of a file of this network under timm's names, with what is left out.
  private static func shapes(_ s: VisionTransformerSpecification) -> [String: [Int]] {
    var shapes = s.parameterShapes(throughBlock: s.depth - 1)
    if case .learned(let side) = s.positions {
      shapes["pos_embed"] = [1, side * side + 1, s.width]
    }
    if s.hasLayerScale {
      for block in 0..<s.depth {
        for name in ["ls1", "ls2"] { shapes["blocks.\(block).\(name).gamma"] = [s.width] }
      }
    }
    shapes["mask_token"] = [1, s.width]
    shapes["norm.weight"] = [s.width]
    shapes["norm.bias"] = [s.width]
    return shapes
  }

  private static let tensors = UpstreamNames.tensors(shapes(small))

  private static func folded(_ tensors: [String: WeightTensor]) throws -> [String: WeightTensor] {
    try BackboneWeights.folded(tensors, small, lastBlock: 1, file: "vit.safetensors")
  }

  @Test func whatNoLongerLearnsIsFolded() throws {
    let folded = try Self.folded(Self.tensors)
    #expect(folded.mapValues(\.shape) == Self.small.parameterShapes(throughBlock: 1))
    func values(_ name: String) throws -> [Float] { try #require(Self.tensors[name]).values }
    let (weight, gamma) = try (values("blocks.1.attn.proj.weight"), values("blocks.1.ls1.gamma"))
    #expect(
      folded["blocks.1.attn.proj.weight"]?.values
        == weight.indices.map { weight[$0] * gamma[$0 / 4] })
    let (bias, second) = try (values("blocks.0.mlp.fc2.bias"), values("blocks.0.ls2.gamma"))
    #expect(folded["blocks.0.mlp.fc2.bias"]?.values == zip(bias, second).map { $0 * $1 })
    let (token, positions) = try (values("cls_token"), values("pos_embed"))
    #expect(folded["cls_token"]?.values == zip(token, positions).map { $0 + $1 })
    #expect(folded["pos_embed"]?.values == Array(positions.dropFirst(4)))
    #expect(folded["blocks.0.attn.qkv.weight"] == Self.tensors["blocks.0.attn.qkv.weight"])
  }

  /// timm adds the class token's position when it takes in DINOv2 with registers, whose tokens it renames.
  @Test func theClassTokensPositionMayBeAddedAlready() throws {
    let expected = try Self.folded(Self.tensors)
    var tensors = Self.tensors
    tensors["cls_token"] = expected["cls_token"]
    tensors["pos_embed"] = expected["pos_embed"]
    tensors["reg_token"] = tensors.removeValue(forKey: "register_tokens")
    #expect(try Self.folded(tensors) == expected)
  }

  @Test(arguments: ["dinov2", "vit", "deit", "", "chunks", "module", "backbone"])
  func allNamingsAreTheSameParameters(naming: String) throws {
    var tensors: [String: WeightTensor] = [:]
    for (name, tensor) in Self.tensors {
      switch naming {
      case "chunks":
        tensors[name.replacing(/^blocks\.(\d)/) { "blocks.\($0.1).\($0.1)" }] = tensor
      case "module", "backbone": tensors["\(naming).\(name)"] = tensor
      default:
        let prefix = naming.isEmpty ? "" : naming + "."
        for (renamed, part) in Self.huggingFace(name, tensor, isDINO: naming == "dinov2") {
          tensors[prefix + renamed] = part
        }
      }
    }
    #expect(try Self.folded(tensors) == Self.folded(Self.tensors))
  }

  /// A tensor as Hugging Face's ViT or DINOv2 has it.
  private static func huggingFace(
    _ name: String, _ tensor: WeightTensor, isDINO: Bool
  ) -> [(String, WeightTensor)] {
    let outside = [
      "cls_token": "embeddings.cls_token", "pos_embed": "embeddings.position_embeddings",
      "register_tokens": "embeddings.register_tokens", "mask_token": "embeddings.mask_token",
    ]
    if let known = outside[name] { return [(known, tensor)] }
    let renamed = name.replacing("patch_embed.proj", with: "embeddings.patch_embeddings.projection")
      .replacing(/^norm\./) { _ in "layernorm." }
      .replacing("blocks.", with: "encoder.layer.")
      .replacing("attn.proj", with: "attention.output.dense")
      .replacing(/ls(\d)\.gamma/) { "layer_scale\($0.1).lambda1" }
    if renamed.contains("attn.qkv") {
      let size = tensor.values.count / 3
      return ["query", "key", "value"].enumerated().map { index, part in
        (
          renamed.replacing("attn.qkv", with: "attention.attention.\(part)"),
          WeightTensor(
            shape: [tensor.shape[0] / 3] + tensor.shape.dropFirst(),
            values: Array(tensor.values[index * size..<(index + 1) * size]))
        )
      }
    }
    guard !isDINO else { return [(renamed, tensor)] }
    return [
      (
        renamed.replacing(".norm1.", with: ".layernorm_before.")
          .replacing(".norm2.", with: ".layernorm_after.")
          .replacing("mlp.fc1", with: "intermediate.dense")
          .replacing("mlp.fc2", with: "output.dense"), tensor
      )
    ]
  }

  private static let rotary = VisionTransformerSpecification(
    name: "rotary", patch: 2, width: 4, depth: 2, heads: 1, registers: 2, hasLayerScale: true,
    positions: .rotary(base: 100), epsilon: 1e-5)

  /// DINOv3's release, Hugging Face's, whose keys have no bias, and timm's, which has none of the three.
  @Test(arguments: ["release", "face", "timm"])
  func dinov3HasThreeNamings(naming: String) throws {
    var original = UpstreamNames.tensors(Self.shapes(Self.rotary))
    for block in 0..<2 {
      let name = "blocks.\(block).attn.qkv.bias"
      let biased = try #require(original[name])
      // Of the keys, or of all three, zeros.
      original[name] = WeightTensor(
        shape: [12],
        values: biased.values.enumerated().map {
          naming == "timm" || (4..<8).contains($0.offset) ? 0 : $0.element
        })
    }
    let expected = try BackboneWeights.folded(
      original, Self.rotary, lastBlock: 1, file: "v3.safetensors")
    #expect(expected.mapValues(\.shape) == Self.rotary.parameterShapes(throughBlock: 1))
    var tensors: [String: WeightTensor] = [
      "rope_embed.periods": WeightTensor(shape: [1], values: [1])
    ]
    for (name, tensor) in original {
      switch naming {
      case "release":
        tensors[name == "register_tokens" ? "storage_tokens" : name] = tensor
        if name.hasSuffix("qkv.bias") {
          tensors[name + "_mask"] = WeightTensor(
            shape: [12], values: [Float](repeating: .nan, count: 12))
        }
      case "timm":
        guard !name.hasSuffix("qkv.bias") else { continue }
        tensors[
          (name == "register_tokens" ? "reg_token" : name)
            .replacing(/ls(\d)\.gamma/) { "gamma_\($0.1)" }] = tensor
      default: for (renamed, part) in Self.dinov3Face(name, tensor) { tensors[renamed] = part }
      }
    }
    #expect(
      try BackboneWeights.folded(tensors, Self.rotary, lastBlock: 1, file: "v3.safetensors")
        == expected)
  }

  /// A tensor as Hugging Face's DINOv3 has it.
  private static func dinov3Face(
    _ name: String, _ tensor: WeightTensor
  ) -> [(String, WeightTensor)] {
    huggingFace(name, tensor, isDINO: true).compactMap { renamed, part in
      let bare = renamed.replacing("patch_embeddings.projection", with: "patch_embeddings")
        .replacing("encoder.layer.", with: "layer.").replacing(/^layernorm\./) { _ in "norm." }
        .replacing("attention.output.dense", with: "attention.o_proj")
        .replacing(/attention\.attention\.(.)\w+/) { "attention.\($0.1)_proj" }
        .replacing("mlp.fc1", with: "mlp.up_proj").replacing("mlp.fc2", with: "mlp.down_proj")
      return bare.hasSuffix("k_proj.bias") ? nil : (bare, part)
    }
  }

  /// DINOv3's ConvNeXts by the names of their release and of Hugging Face.
  @Test func convNeXtHasThreeNamings() throws {
    let small = ConvNeXtSpecification(
      name: "small", depths: [1, 2, 1, 1], widths: [2, 4, 6, 8])
    var shapes = small.parameterShapes(throughBlock: 4)
    for layer in small.layers(throughBlock: 4) {
      if case .scaledLinear(let linear) = layer, let scale = linear.scale {
        shapes[scale] = linear.biasShape
      }
    }
    let timm = UpstreamNames.tensors(shapes)
    func folded(_ tensors: [String: WeightTensor]) throws -> [String: WeightTensor] {
      try BackboneWeights.folded(tensors, small, lastBlock: 4, file: "next.safetensors")
    }
    let expected = try folded(timm)
    #expect(expected.mapValues(\.shape) == small.parameterShapes(throughBlock: 4))
    var (release, face): ([String: WeightTensor], [String: WeightTensor]) = ([:], [:])
    for (name, tensor) in timm {
      release[
        name.replacing(/^stem\./) { _ in "downsample_layers.0." }
          .replacing(/^stages\.(\d)\.downsample\./) { "downsample_layers.\($0.1)." }
          .replacing(".blocks.", with: ".").replacing("conv_dw", with: "dwconv")
          .replacing(/mlp\.fc(\d)/) { "pwconv\($0.1)" }] = tensor
      face[
        name.replacing(/^stem\./) { _ in "stages.0.downsample_layers." }
          .replacing(".downsample.", with: ".downsample_layers.")
          .replacing(".blocks.", with: ".layers.").replacing("conv_dw", with: "depthwise_conv")
          .replacing(/(layers\.\d)\.norm/) { "\($0.1).layer_norm" }
          .replacing(/mlp\.fc(\d)/) { "pointwise_conv\($0.1)" }] = tensor
    }
    #expect(try folded(release) == expected)
    #expect(try folded(face) == expected)
  }

  @Test func whatDoesNotFitIsNamed() throws {
    func message(_ change: (inout [String: WeightTensor]) -> Void) -> String {
      var tensors = Self.tensors
      change(&tensors)
      return
        "\(String(describing: #expect(throws: WeightsFileError.self) { try Self.folded(tensors) }))"
    }
    #expect(message { $0["blocks.1.ls1.gamma"] = nil }.contains("blocks.1.ls1.gamma"))
    #expect(message { $0["register_tokens"] = nil }.contains("register_tokens"))
    let grid = message {
      $0["pos_embed"] = WeightTensor(shape: [1, 5, 4], values: .init(repeating: 0, count: 20))
    }
    #expect(grid.contains("pos_embed is [1, 5, 4], [1, 10, 4] is needed"), "\(grid)")
    let extra = message {
      $0["blocks.0.attn.q_norm.weight"] = WeightTensor(shape: [2], values: [1, 1])
    }
    #expect(extra.contains("blocks.0.attn.q_norm.weight"), "\(extra)")
    let spoilt = message { $0["blocks.0.norm1.bias"]?.values[1] = .nan }
    #expect(spoilt.contains("'blocks.0.norm1.bias' has the value nan"), "\(spoilt)")
    // A query alone is not a packed product.
    let torn = message {
      $0["encoder.layer.0.attention.attention.query.weight"] = WeightTensor(
        shape: [4, 4], values: .init(repeating: 0, count: 16))
      $0["blocks.0.attn.qkv.weight"] = nil
    }
    #expect(torn.contains("blocks.0.attn.qkv.weight") && torn.contains("attn.query"), "\(torn)")
  }

  @Test(arguments: VisionTransformerSpecification.all.map(\.name))
  func everyNetworkIsFoundByItsNamesAndShapes(name: String) throws {
    let specification = try #require(Backbones.named(name) as? VisionTransformerSpecification)
    let best = try #require(BackboneFit.best(Self.shapes(specification)))
    #expect(best.isExact, "\(best.problems)")
    // A DeiT's tensors are a ViT's.
    #expect(best.specification.name == name.replacing("deit_", with: "vit_"))
  }

  @Test func anImportOfTwoNetworksHasToBeTold() throws {
    let scratch = try TemporaryFolder()
    do {
      let tiny = try #require(
        Backbones.named("deit_tiny_patch16_224") as? VisionTransformerSpecification)
      let path = scratch.path + "/tiny.safetensors"
      try SafeTensors.write(UpstreamNames.tensors(Self.shapes(tiny)))
        .write(to: URL(fileURLWithPath: path))
      let registry = WeightsRegistry(folders: [scratch.path + "/home"])
      let error = #expect(throws: WeightsFileError.self) {
        try BackboneImport.run(path, registry: registry)
      }
      let reason = error?.reason ?? ""
      #expect(reason.contains("vit_tiny_patch16_224 and deit_tiny_patch16_224"), "\(reason)")
      #expect(reason.contains("--as"), "\(reason)")
      let imported = try BackboneImport.run(path, as: "deit_tiny_patch16_224", registry: registry)
      #expect(imported.specification.name == "deit_tiny_patch16_224" && imported.blockCount == 12)
      #expect(imported.leftOut == ["mask_token", "norm.bias", "norm.weight"])
      // What was imported says what it is.
      let again = try BackboneImport.run(imported.path, registry: registry)
      #expect(again.specification.name == "deit_tiny_patch16_224")
      let weights = try BackboneWeights.load("deit_tiny_patch16_224", registry: registry)
      #expect(weights.parameters.mapValues(\.shape) == tiny.parameterShapes(throughBlock: 9))
      #expect(weights.licence == "Apache-2.0")
    }
  }

  @Test(.enabled(if: SharedData.isPresent, "needs the shared data"))
  func theSharedDINOv2LoadsByItsName() throws {
    let folder = try SharedData.url("weights").path
    let registry = WeightsRegistry(folders: [folder])
    let known = try KnownBackbone.called("dinov2_vits14")
    #expect(registry.find(known) == folder + "/dinov2_vits14.safetensors")
    let weights = try BackboneWeights.load("dinov2_vits14", registry: registry)
    #expect(
      weights.parameters.mapValues(\.shape)
        == weights.specification.parameterShapes(throughBlock: 9))
    let shapes = try SafeTensors.read(weights.path).tensors.mapValues(\.shape)
    let best = try #require(BackboneFit.best(shapes))
    #expect(best.specification.name == "dinov2_vits14" && best.isExact, "\(best.problems)")
  }
}
