import Networks
import NormaCore

/// How a file's tensors compare with what a network needs, by names and shapes alone.
public struct BackboneFit: Sendable {
  public let specification: any BackboneSpecification
  /// The last block that the comparison asked for.
  public let lastBlock: Int
  /// Needed and not there; timm's names, in the order of the forward pass.
  public let missing: [String]
  /// There with another shape.
  public let misshapen: [Misshapen]
  /// There, within the blocks asked for, and not needed; sorted. Names outside them (later blocks,
  /// the head) are nobody's concern and not listed.
  public let extra: [String]

  public struct Misshapen: Sendable, Equatable, CustomStringConvertible {
    public let name: String
    public let found: [Int]
    public let expected: [Int]

    public var description: String { "\(name) is \(found), \(expected) is needed" }
  }

  public var isExact: Bool { missing.isEmpty && misshapen.isEmpty && extra.isEmpty }
  /// How far off the file is, to find the network that it comes closest to.
  var distance: Int { missing.count + misshapen.count + extra.count }

  /// - Parameters:
  ///   - shapes: by name; timm's names or lukemelas's.
  ///   - lastBlock: the last block that is needed; `nil` for the default's last tap.
  public init(
    _ shapes: [String: [Int]], to specification: any BackboneSpecification, lastBlock: Int? = nil
  ) {
    let lastBlock = lastBlock ?? specification.defaultTaps.last ?? 0
    let found = BackboneNames.canonical(shapes, for: specification)
    var missing: [String] = []
    var misshapen: [Misshapen] = []
    var known: Set<String> = []
    for convolution in specification.convolutions(throughBlock: lastBlock) {
      for (name, expected) in convolution.stored(in: found) {
        known.insert(name)
        guard let shape = found[name] else {
          missing.append(name)
          continue
        }
        if shape != expected {
          misshapen.append(Misshapen(name: name, found: shape, expected: expected))
        }
      }
    }
    let trunk = specification.scopes(throughBlock: lastBlock)
    self.specification = specification
    self.lastBlock = lastBlock
    self.missing = missing
    self.misshapen = misshapen
    extra = found.keys.filter { name in
      !known.contains(name) && trunk.contains { name.hasPrefix($0) }
    }.sorted()
  }

  /// The backbone among all that a file's names and shapes fit best; `nil` when the file has nothing of
  /// any.
  public static func best(_ shapes: [String: [Int]]) -> BackboneFit? {
    let fits = Backbones.all.map { BackboneFit(shapes, to: $0) }
    let plausible = fits.filter { fit in
      let needed = fit.specification.convolutions(throughBlock: fit.lastBlock).count
      return fit.missing.count < needed
    }
    return plausible.min { $0.distance < $1.distance }
  }

  /// What is wrong, for a person: the first few of each kind.
  public var problems: String {
    var lines: [String] = []
    func list(_ title: String, _ items: [String]) {
      guard !items.isEmpty else { return }
      let shown = items.prefix(5).joined(separator: ", ")
      let rest = items.count > 5 ? " and \(items.count - 5) more" : ""
      lines.append("\(title) (\(items.count)): \(shown)\(rest)")
    }
    list("missing", missing)
    list("of another shape", misshapen.map(\.description))
    list("not of this network", extra)
    return lines.joined(separator: "\n")
  }
}

extension ConvolutionParameters {
  /// The names and shapes that a file should hold for this convolution, given what it does hold: a
  /// batch norm beside it, a bias of its own (or with the batch norm folded in), or both.
  fileprivate func stored<Content>(in found: [String: Content]) -> [(name: String, shape: [Int])] {
    var result = [(weightName, weightShape)]
    let hasBias = found[biasName] != nil
    guard let batchNorm, !hasBias || found[batchNorm + ".running_var"] != nil else {
      return result + [(biasName, biasShape)]
    }
    if hasBias { result.append((biasName, biasShape)) }
    return result
      + ["weight", "bias", "running_mean", "running_var"].map { ("\(batchNorm).\($0)", biasShape) }
  }
}

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
