extension Value {
  /// Feature maps as tokens, row by row: `[batch, C, H, W] → [batch, H·W, C]`.
  public func tokens() throws -> Self {
    let (channels, height, width) = (shape[1], shape[2], shape[3])
    return try reshaped([shape[0], channels, height * width]).permuted([0, 2, 1])
  }

  /// Tokens as feature maps: `[batch, H·W, C] → [batch, C, H, W]`.
  public func featureMap(_ grid: Grid) throws -> Self {
    try permuted([0, 2, 1]).reshaped([shape[0], shape[2], grid.height, grid.width])
  }

  /// Feature jitter, the denoising of training: `f + g·(‖f‖₂/C)·s` for each token f in R^C, with
  /// `noise` g ~ N(0, I) (UniAD eq. 5; RAS and RLR likewise).
  public func jittered(by noise: Self, scale: Float) throws -> Self {
    let channels = shape[2]
    let norm = try (self * self).sum(axes: [2]).squareRoot()
    return try self + noise * norm.affine(scale: scale / Float(channels), offset: 0)
  }
}
