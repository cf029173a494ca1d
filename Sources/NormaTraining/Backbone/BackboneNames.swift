import Foundation
import Networks
import NormaFiles

/// Translates the parameter names of other implementations into timm's, which Norma uses. Those of ResNets
/// are the same everywhere.
enum BackboneNames {
  /// `tensors` under timm's names. Already so: unchanged but for a `module.` that a data-parallel
  /// wrapper left. The translation depends on the network: lukemelas's EfficientNets
  /// (`_blocks.7._expand_conv.weight`) count blocks without stages.
  static func canonical<Content: StackableContent>(
    _ tensors: [String: Content], for specification: any BackboneSpecification
  ) -> [String: Content] {
    var result: [String: Content] = [:]
    for (name, tensor) in tensors where !name.hasSuffix(".num_batches_tracked") {
      let bare = name.hasPrefix("module.") ? String(name.dropFirst("module.".count)) : name
      switch specification {
      case let network as EfficientNetSpecification:
        result[EfficientNetNames.translated(bare, network) ?? bare] = tensor
      case is VisionTransformerSpecification:
        guard !VisionTransformerNames.isNoWeight(bare) else { continue }
        result[VisionTransformerNames.translated(bare)] = tensor
      case is ConvNeXtSpecification: result[ConvNeXtNames.translated(bare)] = tensor
      default: result[bare] = tensor
      }
    }
    return specification is VisionTransformerSpecification
      ? VisionTransformerNames.stacked(result) : result
  }
}

/// What a name stands for: a tensor, or its shape alone.
protocol StackableContent {
  /// These, one below the other along the first dimension; nil where they do not fit.
  static func stacked(_ parts: [Self]) -> Self?
  /// Zeros of the same shape.
  var zeros: Self { get }
}

extension Array: StackableContent where Element == Int {
  static func stacked(_ parts: [[Int]]) -> [Int]? {
    guard let first = parts.first, parts.allSatisfy({ !$0.isEmpty }),
      parts.allSatisfy({ $0.dropFirst() == first.dropFirst() })
    else { return nil }
    let (rows, overflow) = parts.reduce((0, false)) { sum, part in
      let (next, overflow) = sum.0.addingReportingOverflow(part[0])
      return (next, overflow || sum.1)
    }
    return overflow ? nil : [rows] + first.dropFirst()
  }

  var zeros: [Int] { self }
}

extension WeightTensor: StackableContent {
  static func stacked(_ parts: [WeightTensor]) -> WeightTensor? {
    [Int].stacked(parts.map(\.shape)).map {
      WeightTensor(shape: $0, values: parts.flatMap(\.values))
    }
  }

  var zeros: WeightTensor {
    WeightTensor(shape: shape, values: [Float](repeating: 0, count: values.count))
  }
}

/// The names of lukemelas's EfficientNets.
private enum EfficientNetNames {
  /// `nil` for a name that is not lukemelas's, or of a block that the network does not have.
  static func translated(_ name: String, _ specification: EfficientNetSpecification) -> String? {
    guard name.hasPrefix("_") else { return nil }
    let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if parts.count == 2, let module = outside[parts[0]] { return "\(module).\(parts[1])" }
    guard parts.count == 4, parts[0] == "_blocks", let index = Int(parts[1]),
      specification.blocks.indices.contains(index)
    else { return nil }
    let block = specification.blocks[index]
    guard let module = (block.hasExpansion ? expanded : separable)[parts[2]] else { return nil }
    return "\(block.scope).\(module).\(parts[3])"
  }

  private static let outside = [
    "_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2",
    "_fc": "classifier",
  ]

  /// Within an inverted residual block.
  private static let expanded = [
    "_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2",
    "_se_reduce": "se.conv_reduce", "_se_expand": "se.conv_expand", "_project_conv": "conv_pwl",
    "_bn2": "bn3",
  ]

  /// Within a block of the first stage, which does not expand.
  private static let separable = [
    "_depthwise_conv": "conv_dw", "_bn1": "bn1", "_se_reduce": "se.conv_reduce",
    "_se_expand": "se.conv_expand", "_project_conv": "conv_pw", "_bn2": "bn2",
  ]
}

/// The names of vision transformers: those of DINOv2's and DINOv3's releases, which are timm's but for the
/// registers, blocks in chunks and DINOv3's LayerScale, and Hugging Face's of ViT, DeiT, DINOv2 and DINOv3.
private enum VisionTransformerNames {
  /// DINOv3's training hides the keys' biases, which no network here adds.
  static func isNoWeight(_ name: String) -> Bool { name.hasSuffix(".attn.qkv.bias_mask") }

  static func translated(_ name: String) -> String {
    let bare = wrappers.reduce(name) { $0.hasPrefix($1) ? String($0.dropFirst($1.count)) : $0 }
    if let known = tokens[bare] { return known }
    var parts = bare.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    if parts.starts(with: ["embeddings", "patch_embeddings"]), let last = parts.last {
      return "patch_embed.proj.\(last)"
    }
    if parts.first == "layer" { parts.insert("encoder", at: 0) }
    if parts.first == "blocks", parts.count == 3, let scale = timmScales[parts[2]] {
      return "blocks.\(parts[1]).\(scale)"
    }
    if parts.starts(with: ["encoder", "layer"]), parts.count > 4, let last = parts.last,
      let module = modules[parts[3..<parts.count - 1].joined(separator: ".")]
    {
      // LayerScale's factors are a tensor, not a module with weight and bias.
      return "blocks.\(parts[2]).\(module)" + (last == "lambda1" ? "" : ".\(last)")
    }
    // DINOv2's trainings keep blocks in chunks: blocks.<chunk>.<block>.norm1.weight.
    if parts.first == "blocks", parts.count > 3, Int(parts[1]) != nil, Int(parts[2]) != nil {
      parts.remove(at: 1)
      return parts.joined(separator: ".")
    }
    return bare
  }

  /// The same with query, key and value, which Hugging Face keeps apart, in one.
  static func stacked<Content: StackableContent>(
    _ tensors: [String: Content]
  ) -> [String: Content] {
    var result = tensors
    for name in tensors.keys {
      guard let range = name.range(of: ".attn.query.") else { continue }
      let names = ["query", "key", "value"].map {
        name.replacingCharacters(in: range, with: ".attn.\($0).")
      }
      // DINOv3's keys have no bias.
      let absent = name.hasSuffix(".bias") && tensors[names[1]] == nil ? tensors[name]?.zeros : nil
      let parts = names.compactMap { tensors[$0] ?? ($0 == names[1] ? absent : nil) }
      guard parts.count == names.count, let whole = Content.stacked(parts) else { continue }
      for part in names { result[part] = nil }
      result[name.replacingCharacters(in: range, with: ".attn.qkv.")] = whole
    }
    return result
  }

  /// What models with a head, or of a training, put before every name of the trunk.
  private static let wrappers = ["backbone.", "vit.", "deit.", "dinov2.", "dinov2_with_registers."]

  private static let tokens = [
    "reg_token": "register_tokens",
    "storage_tokens": "register_tokens",
    "embeddings.cls_token": "cls_token",
    "embeddings.register_tokens": "register_tokens",
    "embeddings.mask_token": "mask_token",
    "embeddings.distillation_token": "dist_token",
    "embeddings.position_embeddings": "pos_embed",
    "layernorm.weight": "norm.weight",
    "layernorm.bias": "norm.bias",
  ]

  /// LayerScale's factors in timm's DINOv3.
  private static let timmScales = ["gamma_1": "ls1.gamma", "gamma_2": "ls2.gamma"]

  /// Within `encoder.layer.<block>` (DINOv3: `layer.<block>`): DINOv2's, ViT's and DINOv3's names of the same.
  private static let modules = [
    "norm1": "norm1", "layernorm_before": "norm1",
    "norm2": "norm2", "layernorm_after": "norm2",
    "attention.attention.query": "attn.query",
    "attention.attention.key": "attn.key",
    "attention.attention.value": "attn.value",
    "attention.output.dense": "attn.proj",
    "attention.q_proj": "attn.query", "attention.k_proj": "attn.key",
    "attention.v_proj": "attn.value", "attention.o_proj": "attn.proj",
    "layer_scale1": "ls1.gamma", "layer_scale2": "ls2.gamma",
    "mlp.fc1": "mlp.fc1", "intermediate.dense": "mlp.fc1", "mlp.up_proj": "mlp.fc1",
    "mlp.fc2": "mlp.fc2", "output.dense": "mlp.fc2", "mlp.down_proj": "mlp.fc2",
  ]
}

/// The names of ConvNeXts: those of the authors' releases and Hugging Face's of DINOv3.
private enum ConvNeXtNames {
  static func translated(_ name: String) -> String {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    func joined(_ scope: String, _ from: Int) -> String {
      ([scope] + parts[from...]).joined(separator: ".")
    }
    func downsampling(_ stage: String, _ from: Int) -> String {
      joined(stage == "0" ? "stem" : "stages.\(stage).downsample", from)
    }
    if parts[0] == "downsample_layers", parts.count == 4 { return downsampling(parts[1], 2) }
    guard parts[0] == "stages", parts.count > 3 else { return name }
    if parts[2] == "downsample_layers" { return downsampling(parts[1], 3) }
    // The authors' blocks lie in the stage itself, Hugging Face's under "layers".
    let start = parts[2] == "layers" ? 3 : 2
    guard Int(parts[start]) != nil, parts.count > start + 1,
      let module = modules[parts[start + 1]]
    else { return name }
    return joined("stages.\(parts[1]).blocks.\(parts[start]).\(module)", start + 2)
  }

  private static let modules = [
    "dwconv": "conv_dw", "depthwise_conv": "conv_dw", "norm": "norm", "layer_norm": "norm",
    "pwconv1": "mlp.fc1", "pointwise_conv1": "mlp.fc1",
    "pwconv2": "mlp.fc2", "pointwise_conv2": "mlp.fc2", "gamma": "gamma",
  ]
}
