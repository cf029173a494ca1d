internal import CTorch

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
