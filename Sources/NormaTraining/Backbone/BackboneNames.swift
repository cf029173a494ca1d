import Networks

/// Translates the parameter names of other EfficientNet implementations into timm's, which Norma uses.
/// Those of ResNets are the same everywhere.
enum BackboneNames {
  /// `tensors` under timm's names. Already so: unchanged but for a `module.` that a data-parallel
  /// wrapper left. lukemelas's names (`_blocks.7._expand_conv.weight`) count blocks without stages, so
  /// the translation depends on the network.
  static func canonical<Content>(
    _ tensors: [String: Content], for specification: any BackboneSpecification
  ) -> [String: Content] {
    var result: [String: Content] = [:]
    for (name, tensor) in tensors where !name.hasSuffix(".num_batches_tracked") {
      let bare = name.hasPrefix("module.") ? String(name.dropFirst("module.".count)) : name
      let network = specification as? EfficientNetSpecification
      result[network.flatMap { translated(bare, $0) } ?? bare] = tensor
    }
    return result
  }

  /// `nil` for a name that is not lukemelas's, or of a block that the network does not have.
  private static func translated(
    _ name: String, _ specification: EfficientNetSpecification
  ) -> String? {
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
