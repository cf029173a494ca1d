/// The trunk of a plain vision transformer, up to its last tap: pictures in, tokens or maps of patches out.
/// LayerScale is folded into the projections, the class token's position into the token.
///
///     x = [class ; registers ; patches + positions]    positions where they are learned
///     each block: x = x + MHA(LN(x)); x = x + MLP(LN(x))
///
/// The norm that ends the whole network is not applied: blocks are looked at as they are.
public struct VisionTransformer<V: Value> {
  public let specification: VisionTransformerSpecification
  /// The blocks whose outputs are returned, ascending.
  public let taps: [Int]
  private let projection: LinearWeights<V>
  /// Class token and registers, `[1, 1 + R, D]`.
  private let prefix: V
  /// Of the grid that the file has them for, `[1, P², D]`; nil where positions are not learned.
  private let positions: V?
  private let blocks: [PreNormBlock<V>]

  /// - Parameters:
  ///   - taps: block numbers, counted from 0, ascending; nil for the specification's.
  ///   - parameters: source of the names that `parameterShapes(throughBlock:)` lists.
  /// - Throws: ``BackboneError`` for taps that do not exist; what the source of parameters throws.
  public init(
    _ specification: VisionTransformerSpecification, taps: [Int]? = nil, parameters: Parameters<V>
  ) throws {
    let taps = taps ?? specification.defaultTaps
    try specification.check(taps: taps)
    let (patch, width) = (specification.patch, specification.width)
    guard specification.heads > 0, width % specification.heads == 0 else {
      throw BackboneError(
        "\(specification.name): \(specification.heads) heads do not divide the width \(width)")
    }
    self.specification = specification
    self.taps = taps
    projection = LinearWeights(
      weight: try parameters(
        "patch_embed.proj.weight", [width, 3, patch, patch], .fanInUniform(3 * patch * patch)),
      bias: try parameters("patch_embed.proj.bias", [width], .zeros))
    let small = Initializer.normal(mean: 0, deviation: 0.02)
    let classToken = try parameters("cls_token", [1, 1, width], small)
    prefix =
      specification.registers == 0
      ? classToken
      : try V.concatenated(
        [classToken, parameters("register_tokens", [1, specification.registers, width], small)],
        axis: 1)
    if case .learned(let side) = specification.positions {
      positions = try parameters("pos_embed", [1, side * side, width], small)
    } else {
      positions = nil
    }
    blocks = try (0...(taps.last ?? 0)).map {
      try PreNormBlock(
        parameters.scope("blocks.\($0)"), width: width, heads: specification.heads,
        inner: specification.inner, epsilon: specification.epsilon)
    }
  }

  /// - Parameter pictures: `[batch, 3, H, W]`, normalised; the patch divides both sides.
  /// - Returns: for each tap its patch tokens as a map, `[batch, D, H / patch, W / patch]`.
  /// - Throws: ``BackboneError`` when the pictures do not have that shape; what the engine throws.
  public func callAsFunction(_ pictures: V) throws -> [V] {
    let grid = try specification.grid(ofPictures: pictures.shape)
    return try tokens(pictures).map { try patches($0, grid) }
  }

  /// The maps, and for each tap the tokens before those of the patches, `[batch, 1 + R, D]`.
  ///
  /// - Parameter pictures: as for the maps.
  func mapsAndPrefixes(_ pictures: V) throws -> (maps: [V], prefixes: [V]) {
    let grid = try specification.grid(ofPictures: pictures.shape)
    let tokens = try tokens(pictures)
    return (
      maps: try tokens.map { try patches($0, grid) },
      prefixes: try tokens.map { try $0.sliced(axis: 1, 0..<specification.prefixTokens) }
    )
  }

  private func patches(_ tokens: V, _ grid: Grid) throws -> V {
    let first = specification.prefixTokens
    return try tokens.sliced(axis: 1, first..<first + grid.count).featureMap(grid)
  }

  /// All tokens after each tap, for what needs the class token or the registers.
  ///
  /// - Parameter pictures: as for the maps.
  /// - Returns: for each tap `[batch, 1 + R + N, D]`: the class token, the registers, the patches row by row.
  public func tokens(_ pictures: V) throws -> [V] {
    let grid = try specification.grid(ofPictures: pictures.shape)
    let rotation = try rotation(of: grid, like: pictures)
    var tokens = try embedded(pictures, grid)
    var levels: [V] = []
    for (index, block) in blocks.enumerated() {
      tokens = try block(tokens, rotation: rotation)
      if taps.contains(index) { levels.append(tokens) }
    }
    return levels
  }

  private func embedded(_ pictures: V, _ grid: Grid) throws -> V {
    var patches = try pictures.convolution(
      weight: projection.weight, bias: projection.bias, stride: specification.patch,
      padding: .none, groups: 1
    ).tokens()
    if let positions = try learnedPositions(of: grid) { patches = try patches + positions }
    // One prefix a picture, whose number a graph does not know: zeros of the right shape make it.
    let zeros = try patches.sliced(axis: 1, 0..<1).affine(scale: 0, offset: 0)
    return try V.concatenated([zeros + prefix, patches], axis: 1)
  }

  /// The positions of a grid, `[1, N, D]`: resized bicubically to its size, antialiased, as timm and DINOv2's
  /// release with registers do. They depend on the weights alone, so a graph holds them as numbers.
  private func learnedPositions(of grid: Grid) throws -> V? {
    guard let positions, case .learned(let side) = specification.positions else { return nil }
    let known = Grid(height: side, width: side)
    guard grid != known else { return positions }
    let resizing = SeparableFilter(
      rows: .bicubic(from: side, to: grid.height), columns: .bicubic(from: side, to: grid.width))
    return try resizing(positions.featureMap(known)).tokens()
  }

  private func rotation(of grid: Grid, like reference: V) throws -> Rotation<V>? {
    guard case .rotary(let base) = specification.positions else { return nil }
    return try RotaryPositions(
      grid: grid, prefix: specification.prefixTokens,
      width: specification.width / specification.heads, base: base
    )(like: reference)
  }
}
