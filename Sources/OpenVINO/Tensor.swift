internal import COpenVINO

/// What a tensor may hold at a model's door.
public protocol TensorElement: BitwiseCopyable {
  static var elementType: ElementType { get }
}

extension Float: TensorElement {
  public static var elementType: ElementType { .float32 }
}

extension UInt8: TensorElement {
  public static var elementType: ElementType { .uint8 }
}

/// A tensor in OpenVINO's memory.
final class Tensor {
  let pointer: OpaquePointer

  init(owning pointer: OpaquePointer) {
    self.pointer = pointer
  }

  convenience init(type: ElementType, shape: [Int]) throws {
    let element: ov_element_type_e =
      switch type {
      case .float32: F32
      case .uint8: U8
      case .int32: I32
      case .int64: I64
      case .other: DYNAMIC
      }
    var dimensions = shape.map(Int64.init)
    let pointer = try dimensions.withUnsafeMutableBufferPointer { dimensions in
      try create("make a tensor \(shape) of \(type.rawValue)") {
        ov_tensor_create(
          element, ov_shape_t(rank: Int64(dimensions.count), dims: dimensions.baseAddress), $0)
      }
    }
    self.init(owning: pointer)
  }

  deinit { ov_tensor_free(pointer) }

  func shape() throws -> [Int] {
    var shape = ov_shape_t()
    try check(ov_tensor_get_shape(pointer, &shape), "read a tensor's shape")
    defer { _ = ov_shape_free(&shape) }
    return UnsafeBufferPointer(start: shape.dims, count: Int(shape.rank)).map(Int.init)
  }

  /// The elements, valid as long as the tensor; their type is the caller's to know.
  func elements<Element: TensorElement>(
    of type: Element.Type
  ) throws -> UnsafeMutableBufferPointer<Element> {
    var data: UnsafeMutableRawPointer?
    var count = 0
    try check(ov_tensor_get_size(pointer, &count), "read a tensor's size")
    try check(ov_tensor_data(pointer, &data), "reach a tensor's elements")
    return UnsafeMutableBufferPointer(
      start: data?.assumingMemoryBound(to: Element.self), count: count)
  }
}
