internal import COpenVINO
import Foundation

/// One run of a compiled model at a time, with its input and output buffers, which are reused
/// from run to run. Write the inputs, run by `infer()`, read the outputs.
///
/// Threads may share a request: each call has it to itself.
public final class InferRequest: @unchecked Sendable {
  public let model: CompiledModel

  // Everything below is reached under the lock only, which is why the class may call itself
  // Sendable. The lock is recursive so that reading one output may nest in reading another.
  private let lock = NSRecursiveLock()
  private let pointer: OpaquePointer
  private var tensors: [String: NativeTensor] = [:]
  private var hasResult = false
  /// How many calls have lent a buffer to their caller's closure.
  private var lent = 0

  /// Owns `pointer`.
  init(_ pointer: OpaquePointer, of model: CompiledModel) {
    self.model = model
    self.pointer = pointer
  }

  deinit { ov_infer_request_free(pointer) }

  private func exclusively<Result>(_ body: () throws -> Result) rethrows -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try body()
  }

  /// A closure that holds a buffer must not pull it away from under itself.
  private func requireNothingLent(_ attempt: String) throws {
    guard lent == 0 else {
      throw OpenVINOError(
        "\(attempt): this happens inside fillInput or withOutput; let it end first")
    }
  }

  private func lending<Result>(_ body: () throws -> Result) rethrows -> Result {
    lent += 1
    defer { lent -= 1 }
    return try body()
  }
}

// MARK: - Inputs

extension InferRequest {
  /// Gives the buffer of an input to `body`, which fills it where it lies: nothing is copied. The
  /// buffer holds what the last run was given when the shape has not changed, and is valid during
  /// the call only. Throws when there is no such input or it takes another type or shape.
  public func fillInput<Element: TensorElement, Result>(
    _ name: String, as type: Element.Type = Element.self, shape: [Int],
    _ body: (UnsafeMutableBufferPointer<Element>) throws -> Result
  ) throws -> Result {
    try exclusively {
      try requireNothingLent("set input '\(name)'")
      let tensor = try input(name, type: Element.elementType, shape: shape)
      let elements = try tensor.elements(of: Element.self)
      return try lending { try body(elements) }
    }
  }

  /// Copies row-major `values` into an input. Throws as `fillInput` does, and when the number of
  /// values is not the shape's.
  public func setInput<Element: TensorElement>(
    _ name: String, _ values: [Element], shape: [Int]
  ) throws {
    try values.withUnsafeBufferPointer { try setInput(name, $0, shape: shape) }
  }

  public func setInput<Element: TensorElement>(
    _ name: String, _ values: UnsafeBufferPointer<Element>, shape: [Int]
  ) throws {
    try fillInput(name, as: Element.self, shape: shape) { buffer in
      guard buffer.count == values.count else {
        throw OpenVINOError(
          "input '\(name)' was given \(values.count) values, its shape \(shape) needs "
            + "\(buffer.count)")
      }
      // As memory: element by element, a generic copy costs more than the picture's decoding.
      UnsafeMutableRawBufferPointer(buffer).copyMemory(from: UnsafeRawBufferPointer(values))
    }
  }

  /// The tensor of an input, replaced by one of `shape` when that has changed.
  private func input(_ name: String, type: ElementType, shape: [Int]) throws -> NativeTensor {
    let port = try model.input(name)
    guard port.type == type else {
      throw OpenVINOError("input '\(name)' takes \(port.type.rawValue), not \(type.rawValue)")
    }
    guard port.accepts(shape) else {
      throw OpenVINOError("input '\(name)' takes the shape \(port.shape), not \(shape)")
    }
    if let tensor = tensors[port.name], try tensor.shape() == shape { return tensor }
    let tensor = try NativeTensor(type: type, shape: shape)
    try check(
      ov_infer_request_set_tensor(pointer, name, tensor.pointer), "set input '\(name)' \(shape)")
    tensors[port.name] = tensor
    return tensor
  }
}

// MARK: - Running

extension InferRequest {
  /// Runs the model and returns when it has finished. Throws when an input has not been set or
  /// OpenVINO fails.
  public func infer() throws {
    try exclusively {
      try prepare()
      try check(ov_infer_request_infer(pointer), "run the model")
      hasResult = true
    }
  }

  private func prepare() throws {
    try requireNothingLent("run the model")
    for port in model.inputs where tensors[port.name] == nil {
      throw OpenVINOError("run the model: its input '\(port.name)' \(port.shape) was not set")
    }
    hasResult = false
  }
}

// MARK: - Outputs

extension InferRequest {
  /// Gives an output of the last run, and its shape, to `body` where it lies: nothing is copied.
  /// The buffer is valid during the call only. Throws when there is no such output, it is not
  /// floating point, or there is no finished run.
  public func withOutput<Result>(
    _ name: String, _ body: (UnsafeBufferPointer<Float>, [Int]) throws -> Result
  ) throws -> Result {
    try exclusively {
      let port = try model.output(name)
      guard port.type == .float32 else {
        throw OpenVINOError("output '\(name)' is \(port.type.rawValue), not float")
      }
      guard hasResult else {
        throw OpenVINOError("read output '\(name)': the model has not run")
      }
      let tensor = try NativeTensor(
        owning: create("read output '\(name)'") {
          ov_infer_request_get_tensor(pointer, name, $0)
        })
      let (elements, shape) = (try tensor.elements(of: Float.self), try tensor.shape())
      return try lending { try body(UnsafeBufferPointer(elements), shape) }
    }
  }

  /// A copy of an output of the last run. Throws as `withOutput` does.
  public func output(_ name: String) throws -> (shape: [Int], values: [Float]) {
    try withOutput(name) { ($1, Array($0)) }
  }

  /// What each layer of the last run was and cost, in the order of execution. Throws unless the
  /// model was compiled with `profiling`.
  public func profile() throws -> [LayerProfile] {
    try exclusively {
      guard try model.property("PERF_COUNT") == "YES" else {
        throw OpenVINOError(
          "read the profile: the model was not compiled with profiling in its CompileOptions")
      }
      var list = ov_profiling_info_list_t()
      try check(ov_infer_request_get_profiling_info(pointer, &list), "read the profile")
      defer { ov_profiling_info_list_free(&list) }
      return UnsafeBufferPointer(start: list.profiling_infos, count: list.size).map(
        LayerProfile.init)
    }
  }
}

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
final class NativeTensor {
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

/// One layer of a compiled model as it ran: OpenVINO merges layers, so a name may stand for
/// several.
public struct LayerProfile: Sendable, Hashable {
  public let name: String
  /// OpenVINO's name for the operation, such as `Convolution`, `FullyConnected` or `Subgraph`.
  public let type: String
  /// The kernel and its precision, such as `brgemm_avx512_bf16`.
  public let kernel: String
  /// False for layers that were merged into another or had nothing to do.
  public let wasExecuted: Bool
  public let microseconds: Int

  init(_ info: ov_profiling_info_t) {
    name = info.node_name.map { String(cString: $0) } ?? ""
    type = info.node_type.map { String(cString: $0) } ?? ""
    kernel = info.exec_type.map { String(cString: $0) } ?? ""
    wasExecuted = info.status == EXECUTED
    microseconds = Int(info.real_time)
  }
}
