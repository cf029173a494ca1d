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

  /// A tensor of 16-bit brain floats that stay so, for features in a GPU's memory: `selected(rows:)`
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
  /// wait for a GPU.
  public func fill(_ value: Float) throws { try check(ctorch_fill(handle, value)) }

  /// Overwrites the elements in place with those of `source`, which has the same shape.
  public func copy(from source: Tensor) throws { try check(ctorch_copy(handle, source.handle)) }

  /// Adds `value` in place, outside the gradient's record.
  public func accumulate(_ value: Tensor) throws {
    try check(ctorch_accumulate(handle, value.handle))
  }
}

extension Tensor {
  /// Makes this tensor a parameter: what is computed from it is recorded for `backward()`.
  public func requireGradient() throws {
    try check(ctorch_require_gradient(handle))
  }

  /// Adds the derivatives of this single number to the gradients of the parameters behind it.
  public func backward() throws {
    try check(ctorch_backward(handle))
  }

  /// The gradient that `backward()` left; nil when no loss reached this parameter.
  public func gradient() throws -> Tensor? {
    var gradient: CTorchTensor?
    try check(ctorch_gradient(handle, &gradient))
    return gradient.map(Tensor.init(owning:))
  }

  public func clearGradient() throws {
    try check(ctorch_clear_gradient(handle))
  }

  /// A gradient of zeros: the optimiser still moves such a parameter, by what it remembers.
  public func zeroGradient() throws {
    try check(ctorch_zero_gradient(handle))
  }
}

/// Runs `body` without recording for differentiation, and puts back what was in force before.
public func withoutGradient<Result>(_ body: () throws -> Result) rethrows -> Result {
  let before = ctorch_set_gradient_recording(false)
  defer { _ = ctorch_set_gradient_recording(before) }
  return try body()
}

/// Runs `body` with matrix products in 16-bit brain floats when `enabled` (sums, norms and the
/// parameters themselves stay 32-bit), and puts back what was in force before.
public func withBF16Autocast<Result>(
  _ enabled: Bool = true, _ body: () throws -> Result
) rethrows -> Result {
  guard enabled else { return try body() }
  let before = ctorch_set_bf16_autocast(true)
  defer { _ = ctorch_set_bf16_autocast(before) }
  return try body()
}

/// Linear algebra by LAPACK, as LibTorch brings it; for fits and for looking at, not for networks.
extension Tensor {
  /// 64-bit floating point; arithmetic with 32-bit tensors then is 64-bit too.
  public func toDouble() throws -> Tensor { try .make { ctorch_to_double(handle, $0) } }

  /// L of symmetric positive definite matrices LLᵀ, `[…, n, n]`; throws when one is not.
  public func cholesky() throws -> Tensor { try .make { ctorch_cholesky(handle, $0) } }

  /// The inverses of lower triangular matrices, `[…, n, n]`.
  public func inverseOfLowerTriangle() throws -> Tensor {
    try .make { ctorch_invert_lower(handle, $0) }
  }

  /// The eigenvectors of a symmetric matrix, as columns, in rising order of their eigenvalues.
  public func symmetricEigenvectors() throws -> Tensor {
    try .make { ctorch_symmetric_eigenvectors(handle, $0) }
  }
}

/// LibTorch refused an operation.
public struct TorchError: Error, CustomStringConvertible, Sendable {
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}

/// Throws what LibTorch said when `status` is not 0.
func check(_ status: Int32) throws {
  guard status != 0 else { return }
  throw TorchError("LibTorch: " + String(cString: ctorch_last_error()))
}
