/// A plain vision transformer as data: Dosovitskiy et al., "An image is worth 16×16 words" (2021); DeiT
/// (Touvron et al., 2021); DINOv2 (Oquab et al., 2023), with and without registers (Darcet et al., 2024);
/// DINOv3 (Siméoni et al., 2025).
/// The network (``VisionTransformer``), the names of its parameters and the check of a weights file all read
/// this. Names of parameters are timm's.
public struct VisionTransformerSpecification: Sendable, Equatable {
  /// How a token says where its patch lies.
  public enum Positions: Sendable, Equatable {
    /// An embedding is added to each patch, learned for a square grid of this side; for other grids it is
    /// resized.
    case learned(side: Int)
    /// Queries and keys are turned by their places (``RotaryPositions``).
    case rotary(base: Double)
  }

  public var name: String
  /// Side of a patch, in pixels; pictures are cut into whole ones.
  public var patch: Int
  /// D, the length of a token.
  public var width: Int
  /// Number of blocks.
  public var depth: Int
  public var heads: Int
  /// Learned tokens beside the class token, which no position is added to.
  public var registers: Int
  /// Whether each block's two outputs are multiplied by a learned factor a channel.
  public var hasLayerScale: Bool
  public var positions: Positions
  /// ε of the layer norms.
  public var epsilon: Float
  public var normalization: PictureNormalization

  public init(
    name: String, patch: Int, width: Int, depth: Int, heads: Int, registers: Int = 0,
    hasLayerScale: Bool = false, positions: Positions, epsilon: Float = 1e-6,
    normalization: PictureNormalization = .imageNet
  ) {
    (self.name, self.patch, self.width, self.depth) = (name, patch, width, depth)
    (self.heads, self.registers, self.hasLayerScale) = (heads, registers, hasLayerScale)
    (self.positions, self.epsilon, self.normalization) = (positions, epsilon, normalization)
  }

  /// Tokens before those of the patches: the class token, then the registers.
  public var prefixTokens: Int { 1 + registers }
  /// Width of a block's perceptron between its two layers.
  public var inner: Int { 4 * width }

  /// DINOv2's ViT-S, -B and -L, each with and without registers; DINOv3's; timm's ViT-T, -S, -B and -L; DeiT-T, -S, -B.
  public static let all: [VisionTransformerSpecification] = dinov2 + dinov3 + timm + deit

  private static let dinov2 = [("s", small), ("b", base), ("l", large)].flatMap { letter, size in
    [("", 0), ("_reg", 4)].map { suffix, registers in
      VisionTransformerSpecification(
        name: "dinov2_vit\(letter)14\(suffix)", patch: 14, width: size.width, depth: size.depth,
        heads: size.heads, registers: registers, hasLayerScale: true,
        positions: .learned(side: 37))
    }
  }

  private static let dinov3 = [("s", small), ("b", base), ("l", large)].map { letter, size in
    VisionTransformerSpecification(
      name: "dinov3_vit\(letter)16", patch: 16, width: size.width, depth: size.depth,
      heads: size.heads, registers: 4, hasLayerScale: true, positions: .rotary(base: 100),
      epsilon: 1e-5)
  }

  private static let timm =
    [("tiny", tiny), ("small", small), ("base", base), ("large", large)].map { word, size in
      VisionTransformerSpecification(
        name: "vit_\(word)_patch16_224", patch: 16, width: size.width, depth: size.depth,
        heads: size.heads, positions: .learned(side: 14), normalization: .inception)
    }

  private static let deit = [("tiny", tiny), ("small", small), ("base", base)].map { word, size in
    VisionTransformerSpecification(
      name: "deit_\(word)_patch16_224", patch: 16, width: size.width, depth: size.depth,
      heads: size.heads, positions: .learned(side: 14))
  }

  /// Heads are 64 wide at every size.
  private static let tiny = (width: 192, depth: 12, heads: 3)
  private static let small = (width: 384, depth: 12, heads: 6)
  private static let base = (width: 768, depth: 12, heads: 12)
  private static let large = (width: 1024, depth: 24, heads: 16)

  /// Patches of a picture, down and across.
  ///
  /// - Parameter shape: of normalised pictures, `[batch, 3, H, W]`.
  /// - Throws: ``BackboneError`` when that is another shape, or the patch does not divide it.
  public func grid(ofPictures shape: [Int]) throws -> Grid {
    guard shape.count == 4, shape[1] == 3 else {
      throw BackboneError(
        "\(name) was given the shape \(shape); [batch, 3, height, width] is needed")
    }
    for side in shape[2...] {
      if let problem = problem(ofPictureSide: side) { throw BackboneError(problem) }
    }
    return Grid(height: shape[2] / patch, width: shape[3] / patch)
  }
}

extension VisionTransformerSpecification: BackboneSpecification {
  public var blockCount: Int { depth }
  public var isHierarchical: Bool { false }

  /// The middle of the network, as Dinomaly takes it: blocks 2 to 9 of 12; 4, 6, … 18 of 24.
  public var defaultTaps: [Int] {
    let first = depth / 6
    return Array(
      Swift.stride(from: first, through: max(first, depth * 5 / 6 - 1), by: max(1, depth / 12)))
  }

  /// Two levels, of the earlier and the later half of these blocks.
  public var defaultLevels: LevelTaps { LevelTaps(defaultTaps, inGroups: 2) }

  /// All blocks have one stride, so as many levels as were asked for share the usual blocks.
  public func levels(atStrides strides: [Int]) -> LevelTaps {
    LevelTaps(defaultTaps, inGroups: strides.count)
  }

  public func outputChannels(ofBlock index: Int) -> Int { width }
  public func stride(ofBlock index: Int) -> Int { patch }
  public func mapSize(ofBlock index: Int, imageSize: Int, padding: BackbonePadding) -> Int {
    imageSize / patch
  }

  public func problem(ofPictureSide side: Int) -> String? {
    guard side < patch || side % patch != 0 else { return nil }
    let below = max(patch, side / patch * patch)
    let near = [below, below + patch].filter { $0 != side }.map(String.init)
    return
      "\(name) sees patches of \(patch)×\(patch) pixels, which do not divide a side of \(side) "
      + "pixels; the nearest sizes are \(near.joined(separator: " and "))"
  }

  public var stemLayers: [BackboneLayer] {
    var layers: [BackboneLayer] = [
      .tensor(name: "patch_embed.proj.weight", shape: [width, 3, patch, patch]),
      .tensor(name: "patch_embed.proj.bias", shape: [width]),
    ]
    switch positions {
    case .learned(let side):
      layers.append(
        .tokens(
          TokenParameters(
            classToken: "cls_token", positions: "pos_embed", count: side * side, width: width)))
    case .rotary: layers.append(.tensor(name: "cls_token", shape: [1, 1, width]))
    }
    guard registers > 0 else { return layers }
    return layers + [.tensor(name: "register_tokens", shape: [1, registers, width])]
  }

  public func layers(ofBlock index: Int) -> [BackboneLayer] {
    let block = "blocks.\(index)"
    func norm(_ name: String) -> [BackboneLayer] {
      ["weight", "bias"].map { .tensor(name: "\(block).\(name).\($0)", shape: [width]) }
    }
    func linear(_ name: String, from inputs: Int, to outputs: Int) -> [BackboneLayer] {
      [
        .tensor(name: "\(block).\(name).weight", shape: [outputs, inputs]),
        .tensor(name: "\(block).\(name).bias", shape: [outputs]),
      ]
    }
    func scaled(_ name: String, from inputs: Int, _ scale: String) -> [BackboneLayer] {
      [
        .scaledLinear(
          ScaledLinearParameters(
            name: "\(block).\(name)", weightShape: [width, inputs],
            scale: hasLayerScale ? "\(block).\(scale).gamma" : nil))
      ]
    }
    var packed = linear("attn.qkv", from: width, to: 3 * width)
    if case .rotary = positions {
      // DINOv3's biases are next to nothing, and timm leaves them out.
      packed[1] = .optionalTensor(name: "\(block).attn.qkv.bias", shape: [3 * width])
    }
    return norm("norm1") + packed
      + scaled("attn.proj", from: width, "ls1") + norm("norm2")
      + linear("mlp.fc1", from: width, to: inner) + scaled("mlp.fc2", from: inner, "ls2")
  }

  /// What a distilled DeiT has besides makes it another network, as registers do.
  public func scopes(throughBlock lastBlock: Int) -> [String] {
    ["patch_embed.", "cls_token", "pos_embed", "register_tokens", "dist_token"]
      + (0...lastBlock).map { "blocks.\($0)." }
  }

  public func network<V: Value>(
    taps: [Int], padding: BackbonePadding, parameters: Parameters<V>
  ) throws -> (V) throws -> [V] {
    let network = try VisionTransformer(self, taps: taps, parameters: parameters)
    return { try network($0) }
  }

  public func tokenNetwork<V: Value>(
    taps: [Int], padding: BackbonePadding, parameters: Parameters<V>
  ) throws -> (V) throws -> (maps: [V], prefixes: [V]) {
    let network = try VisionTransformer(self, taps: taps, parameters: parameters)
    return { try network.mapsAndPrefixes($0) }
  }
}
