internal import COpenVINO

/// A model ready to run on a device. It may be shared by threads; each makes its own
/// `InferRequest`.
public final class CompiledModel: Sendable {
  private let handle: Handle
  public let inputs: [Port]
  public let outputs: [Port]

  init(_ handle: Handle) throws {
    self.handle = handle
    let model = handle.pointer
    inputs = try CompiledModel.ports(
      "input", count: { ov_compiled_model_inputs_size(model, $0) },
      port: { ov_compiled_model_input_by_index(model, $0, $1) })
    outputs = try CompiledModel.ports(
      "output", count: { ov_compiled_model_outputs_size(model, $0) },
      port: { ov_compiled_model_output_by_index(model, $0, $1) })
  }

  private static func ports(
    _ kind: String, count: (UnsafeMutablePointer<Int>) -> ov_status_e,
    port: (Int, UnsafeMutablePointer<OpaquePointer?>) -> ov_status_e
  ) throws -> [Port] {
    var number = 0
    try check(count(&number), "count the model's \(kind)s")
    return try (0..<number).map { index in
      try Port(reading: create("read \(kind) \(index) of the model") { port(index, $0) })
    }
  }

  /// The input called `name`; throws, naming those there are, when there is none.
  public func input(_ name: String) throws -> Port {
    try port(name, "input", among: inputs) {
      ov_compiled_model_input_by_name(handle.pointer, name, $0)
    }
  }

  /// The output called `name`; throws, naming those there are, when there is none.
  public func output(_ name: String) throws -> Port {
    try port(name, "output", among: outputs) {
      ov_compiled_model_output_by_name(handle.pointer, name, $0)
    }
  }

  /// A value may have several names (an output that is another value unchanged), of which a port
  /// shows one; OpenVINO knows them all.
  private func port(
    _ name: String, _ kind: String, among ports: [Port],
    _ find: (UnsafeMutablePointer<OpaquePointer?>) -> ov_status_e
  ) throws -> Port {
    if let port = ports.first(where: { $0.name == name }) { return port }
    guard let found = try? create("find \(kind) '\(name)'", find) else {
      throw OpenVINOError(
        "the model has no \(kind) '\(name)'; its \(kind)s are: "
          + ports.map(\.name).joined(separator: ", "))
    }
    return try Port(reading: found)
  }

  /// How many requests keep the device busy under the hint that the model was compiled with.
  public func optimalRequestCount() throws -> Int {
    let value = try property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
    guard let count = Int(value), count >= 1 else {
      throw OpenVINOError("OpenVINO gave '\(value)' as the number of requests that keep it busy")
    }
    return count
  }

  /// The arithmetic that the device really uses, in OpenVINO's words (`f32`, `bf16`).
  public func executionPrecision() throws -> String {
    try property("INFERENCE_PRECISION_HINT")
  }

  /// One of OpenVINO's properties of a compiled model, by OpenVINO's name for it.
  public func property(_ name: String) throws -> String {
    try text("read the property \(name) of a compiled model") {
      ov_compiled_model_get_property(handle.pointer, name, $0)
    }
  }

  /// A request with buffers of its own. Requests of one model run side by side.
  public func makeRequest() throws -> InferRequest {
    let request = try create("make an inference request") {
      ov_compiled_model_create_infer_request(handle.pointer, $0)
    }
    return InferRequest(request, of: self)
  }
}

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
