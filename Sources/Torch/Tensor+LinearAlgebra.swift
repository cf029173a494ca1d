internal import CTorch

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
