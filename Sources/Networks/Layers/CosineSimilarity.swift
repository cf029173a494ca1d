extension Value {
  /// x·y / (‖x‖ ‖y‖) over `axis`, which stays as size 1; 0 where one of them is zero.
  public func cosineSimilarity(to other: Self, axis: Int) throws -> Self {
    let product = try (self * other).sum(axes: [axis])
    let squares = try (self * self).sum(axes: [axis]) * (other * other).sum(axes: [axis])
    // A little more than nothing keeps the root's derivative finite where a vector is zero.
    return try product / squares.affine(scale: 1, offset: 1e-16).squareRoot()
  }
}
