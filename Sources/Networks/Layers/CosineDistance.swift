extension Value {
  /// 1 − cos between vectors along the last dimension, which is kept as size 1. Computed as
  /// ½‖a/‖a‖ − b/‖b‖‖², which does not round a small angle away.
  public func cosineDistance(_ other: Self) throws -> Self {
    let axis = shape.count - 1
    func unit(_ value: Self) throws -> Self {
      let square = try (value * value).sum(axes: [axis]).affine(scale: 1, offset: 1e-12)
      return try value / square.squareRoot()
    }
    let difference = try unit(self) - unit(other)
    return try (difference * difference).sum(axes: [axis]).affine(scale: 0.5, offset: 0)
  }
}
