internal import CTorch
import Networks

/// A LibTorch tensor on the device in use: 32-bit floats (or bytes, for pictures), freed with its last
/// reference. Operations compute at once; where a parameter requires its gradient they are recorded
/// for `backward()`.
///
/// A tensor may be used from one thread at a time.
public final class Tensor {
  let handle: CTorchTensor

  init(owning handle: CTorchTensor) {
    self.handle = handle
  }

  deinit {
    ctorch_free(handle)
  }

  /// Runs `body`, which fills in a handle, and owns the result.
  static func make(
    _ body: (UnsafeMutablePointer<CTorchTensor?>) -> Int32
  ) throws -> Tensor {
    var handle: CTorchTensor?
    try check(body(&handle))
    guard let handle else { throw TorchError("LibTorch gave no tensor") }
    return Tensor(owning: handle)
  }

  /// A tensor of `values`, row-major. Throws when their number does not fit `shape`.
  public convenience init(_ values: [Float], shape: [Int]) throws {
    try self.init(
      copying: values, shape: shape, with: { ctorch_from_floats($0, $1, $2, $3) })
  }

  /// A tensor of 16-bit brain floats, widened to 32 bits.
  public convenience init(bfloats values: UnsafeBufferPointer<UInt16>, shape: [Int]) throws {
    try self.init(
      copying: values, shape: shape, with: { ctorch_from_bfloats($0, $1, $2, $3) })
  }

  /// A tensor of bytes: pictures, before `toFloat()`.
  public convenience init(bytes values: [UInt8], shape: [Int]) throws {
    try self.init(copying: values, shape: shape, with: { ctorch_from_bytes($0, $1, $2, $3) })
  }

  /// A tensor of 16-bit brain floats that stay so, for features in a card's memory: `selected(rows:)`
  /// and `toFloat()` read them.
  public convenience init(keepingBFloats values: [UInt16], shape: [Int]) throws {
    try self.init(copying: values, shape: shape, with: { ctorch_keep_bfloats($0, $1, $2, $3) })
  }

  /// `[count]`, 64-bit integers: rows for `selected(rows:)`.
  public convenience init(rows: [Int]) throws {
    try self.init(
      copying: rows.map(Int64.init), shape: [rows.count],
      with: { ctorch_from_integers($0, $1, $2, $3) })
  }

  /// A tensor whose elements all are `value`.
  public convenience init(repeating value: Float, shape: [Int]) throws {
    var handle: CTorchTensor?
    let sizes = shape.map(Int64.init)
    try check(ctorch_full(value, sizes, Int32(sizes.count), &handle))
    guard let handle else { throw TorchError("LibTorch gave no tensor") }
    self.init(owning: handle)
  }

  private convenience init<Elements: Collection>(
    copying values: Elements, shape: [Int],
    with create: (
      UnsafePointer<Elements.Element>, [Int64], Int32, UnsafeMutablePointer<CTorchTensor?>
    ) -> Int32
  ) throws {
    let expected = shape.reduce(1, *)
    guard values.count == expected, shape.allSatisfy({ $0 >= 0 }) else {
      throw TorchError("\(values.count) values do not fill the shape \(shape)")
    }
    let sizes = shape.map(Int64.init)
    var handle: CTorchTensor?
    let status = try values.withContiguousStorageIfAvailable { buffer -> Int32 in
      guard let base = buffer.baseAddress else {
        throw TorchError("a tensor without elements: shape \(shape)")
      }
      return create(base, sizes, Int32(sizes.count), &handle)
    }
    guard let status else { throw TorchError("the values do not lie in one piece of memory") }
    try check(status)
    guard let handle else { throw TorchError("LibTorch gave no tensor") }
    self.init(owning: handle)
  }

  public var shape: [Int] {
    (0..<ctorch_rank(handle)).map { Int(ctorch_size(handle, $0)) }
  }

  public var count: Int { shape.reduce(1, *) }

  /// The elements, row-major, as 32-bit floats.
  public func floats() throws -> [Float] {
    let count = count
    return try [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      if let base = buffer.baseAddress, count > 0 {
        try check(ctorch_copy_floats(handle, base, Int64(count)))
      }
      filled = count
    }
  }

  /// The only element of a tensor that has one.
  public func item() throws -> Float {
    let values = try floats()
    guard values.count == 1 else {
      throw TorchError("a tensor of shape \(shape) is not a single number")
    }
    return values[0]
  }

  /// Overwrites the elements in place, outside the gradient's record.
  public func assign(_ values: [Float]) throws {
    try check(ctorch_assign(handle, values, Int64(values.count)))
  }

  /// The elements `rows` of the first dimension, in that order.
  public func selected(rows: Tensor) throws -> Tensor {
    try .make { ctorch_select(handle, rows.handle, $0) }
  }

  /// Overwrites all elements in place, outside the gradient's record. Like the next two it does not
  /// wait for a card.
  public func fill(_ value: Float) throws { try check(ctorch_fill(handle, value)) }

  /// Overwrites the elements in place with those of `source`, which has the same shape.
  public func copy(from source: Tensor) throws { try check(ctorch_copy(handle, source.handle)) }

  /// Adds `value` in place, outside the gradient's record.
  public func accumulate(_ value: Tensor) throws {
    try check(ctorch_accumulate(handle, value.handle))
  }
}
