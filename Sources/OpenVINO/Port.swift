internal import COpenVINO

/// The type of a tensor's elements.
public enum ElementType: String, Sendable {
  case float32 = "float"
  case uint8
  case int32
  case int64
  /// Anything that Norma's models do not use at their door.
  case other

  init(_ type: ov_element_type_e) {
    switch type {
    case F32: self = .float32
    case U8: self = .uint8
    case I32: self = .int32
    case I64: self = .int64
    default: self = .other
    }
  }
}

/// An input or output of a compiled model.
public struct Port: Sendable, Hashable {
  public let name: String
  /// Sizes, outermost first; `-1` where any size will do.
  public let shape: [Int]
  public let type: ElementType

  /// Frees `port`, having read it.
  init(reading port: OpaquePointer) throws {
    defer { ov_output_const_port_free(port) }
    name = try text("read the name of a model's input or output") {
      ov_port_get_any_name(port, $0)
    }
    var element = DYNAMIC
    try check(ov_port_get_element_type(port, &element), "read the type of '\(name)'")
    type = ElementType(element)
    var partial = ov_partial_shape_t()
    try check(ov_port_get_partial_shape(port, &partial), "read the shape of '\(name)'")
    defer { ov_partial_shape_free(&partial) }
    shape = UnsafeBufferPointer(start: partial.dims, count: max(0, Int(partial.rank.max))).map {
      $0.min == $0.max ? Int($0.min) : -1
    }
  }

  /// Whether a tensor of `shape` can go in here.
  func accepts(_ shape: [Int]) -> Bool {
    shape.count == self.shape.count
      && zip(shape, self.shape).allSatisfy { $0 >= 1 && ($0 == $1 || $1 == -1) }
  }
}
