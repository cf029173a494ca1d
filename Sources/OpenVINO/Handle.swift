/// Owns an object of OpenVINO's C interface and frees it with the last reference.
///
/// A pointer is as sendable as what it points to: OpenVINO's core, compiled models and ports may
/// be used from several threads at once; a request and its tensors are guarded by `InferRequest`.
final class Handle: @unchecked Sendable {
  let pointer: OpaquePointer
  private let free: @Sendable (OpaquePointer) -> Void

  init(_ pointer: OpaquePointer, free: @escaping @Sendable (OpaquePointer) -> Void) {
    self.pointer = pointer
    self.free = free
  }

  deinit { free(pointer) }
}
