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
  ///   - shapes: by name; timm's names, or others that ``BackboneWeights`` knows.
  ///   - lastBlock: the last block that is needed; `nil` for the default's last tap.
  public init(
    _ shapes: [String: [Int]], to specification: any BackboneSpecification, lastBlock: Int? = nil
  ) {
    let lastBlock = lastBlock ?? specification.defaultTaps.last ?? 0
    let found = BackboneNames.canonical(shapes, for: specification)
    var missing: [String] = []
    var misshapen: [Misshapen] = []
    var known: Set<String> = []
    for layer in specification.layers(throughBlock: lastBlock) {
      for (name, expected) in layer.stored(in: found) {
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
  /// any. Of networks that fit equally well it is the one that ``Backbones/all`` lists first.
  public static func best(_ shapes: [String: [Int]]) -> BackboneFit? { closest(shapes).first }

  /// The backbones that a file's names and shapes fit best, equally well: a ViT and a DeiT of one size have the
  /// same names and shapes.
  static func closest(_ shapes: [String: [Int]]) -> [BackboneFit] {
    let fits = Backbones.all.map { BackboneFit(shapes, to: $0) }
    let plausible = fits.filter { fit in
      let needed = fit.specification.layers(throughBlock: fit.lastBlock).count
      return fit.missing.count < needed
    }
    guard let least = plausible.map(\.distance).min() else { return [] }
    return plausible.filter { $0.distance == least }
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

extension BackboneLayer {
  /// The names and shapes that a file should hold for this layer, given what it does hold.
  fileprivate func stored(in found: [String: [Int]]) -> [(name: String, shape: [Int])] {
    switch self {
    case .convolution(let convolution, _): convolution.stored(in: found)
    case .tensor: parameters
    case .optionalTensor(let name, _): found[name] == nil ? [] : parameters
    case .scaledLinear(let linear):
      parameters + (linear.scale.map { [($0, linear.biasShape)] } ?? [])
    case .tokens(let tokens):
      [
        (tokens.classToken, [1, 1, tokens.width]),
        (
          tokens.positions,
          found[tokens.positions] == tokens.shapeOfPatches
            ? tokens.shapeOfPatches : tokens.shapeWithClass
        ),
      ]
    }
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
