internal import COpenVINO
import Foundation

/// OpenVINO's runtime: finds the devices whose plugins lie beside its library, and compiles
/// models for them. Make one and keep it.
public final class Core: Sendable {
  private let handle: Handle

  /// Throws when OpenVINO cannot start, which a damaged installation makes it do.
  public init() throws {
    do {
      handle = Handle(try create("start") { ov_core_create($0) }) { ov_core_free($0) }
    } catch {
      throw OpenVINOError("\(error)\n\(Core.advice)")
    }
  }

  /// OpenVINO's version, such as `2026.4.1-…`.
  public static var version: String {
    var version = ov_version_t()
    guard ov_get_openvino_version(&version) == OK else { return "unknown" }
    defer { ov_version_free(&version) }
    return version.buildNumber.map { String(cString: $0) } ?? "unknown"
  }

  /// The file of the OpenVINO library in this process; nil when the system does not tell.
  public static var libraryPath: String? {
    norma_openvino_library().map { String(cString: $0) }
  }

  static var advice: String {
    let folder = libraryPath.map { ($0 as NSString).deletingLastPathComponent } ?? "its library"
    return "OpenVINO's plugins (for the CPU libopenvino_intel_cpu_plugin) and its ONNX reader "
      + "(libopenvino_onnx_frontend) have to lie in \(folder), beside the library. Run the set-up "
      + "again, or let NORMA_OPENVINO name a complete OpenVINO 2026.4 installation and build again."
  }

  /// The devices that can run models here, such as `CPU`.
  public func devices() throws -> [String] {
    var list = ov_available_devices_t()
    try check(ov_core_get_available_devices(handle.pointer, &list), "list the devices")
    defer { ov_available_devices_free(&list) }
    return UnsafeBufferPointer(start: list.devices, count: list.size).compactMap {
      $0.map { String(cString: $0) }
    }
  }

  /// A device's full name, such as the processor's model.
  public func fullName(of device: String = "CPU") throws -> String {
    try property("FULL_DEVICE_NAME", of: device)
  }

  /// What a device computes in, such as `FP32`, `BF16`, `INT8`.
  public func capabilities(of device: String = "CPU") throws -> [String] {
    try property("OPTIMIZATION_CAPABILITIES", of: device)
      .split(whereSeparator: { " ,\t".contains($0) }).map(String.init)
  }

  /// One of OpenVINO's properties of a device, by OpenVINO's name for it.
  public func property(_ name: String, of device: String = "CPU") throws -> String {
    try explaining(device) {
      try text("read the property \(name) of \(device)") {
        ov_core_get_property(handle.pointer, device, name, $0)
      }
    }
  }

  /// Compiles the bytes of an `.onnx` file. Throws when OpenVINO cannot read or compile them,
  /// when the device is not there, or when the model does not take the batch that is asked for.
  ///
  /// - Parameter check: looks at what was compiled now, not found in the cache; what it throws is thrown, and
  ///   nothing is kept.
  public func compile(
    onnx: Data, options: CompileOptions = CompileOptions(),
    check: ((CompiledModel) throws -> Void)? = nil
  ) throws -> CompiledModel {
    guard !onnx.isEmpty else {
      throw OpenVINOError("OpenVINO: read an ONNX model: it has no bytes")
    }
    let model = Handle(try read(onnx)) { ov_model_free($0) }
    if let batch = options.batch { try fix(batch, of: model.pointer) }
    func compile(_ cacheFolder: String?) throws -> CompiledModel {
      let compiled = try explaining(options.device) {
        try self.compile(
          model.pointer, options.properties(cacheFolder: cacheFolder), device: options.device)
      }
      return try CompiledModel(Handle(compiled) { ov_compiled_model_free($0) })
    }
    let cache = options.cacheFolder.flatMap {
      // What was kept unchecked is not found by who asks for a check.
      CompileCache($0, onnx: onnx, facts: facts(options) + (check == nil ? [] : ["checked"]))
    }
    if let cache { return try cache.compiled(compile, check: check ?? { _ in }) }
    let compiled = try compile(nil)
    try check?(compiled)
    return compiled
  }

  /// Everything besides the model that a compilation depends on.
  private func facts(_ options: CompileOptions) -> [String] {
    options.properties(cacheFolder: nil).map { "\($0.key)=\($0.value)" } + [
      "batch \(options.batch.map(String.init) ?? "-")", options.device, Core.version,
      (try? fullName(of: options.device)) ?? "",
      ((try? capabilities(of: options.device)) ?? []).joined(separator: " "),
    ]
  }

  private func read(_ onnx: Data) throws -> OpaquePointer {
    do {
      return try onnx.withUnsafeBytes { bytes in
        try create("read an ONNX model of \(bytes.count) bytes") {
          ov_core_read_model_from_memory_buffer(
            handle.pointer, bytes.bindMemory(to: CChar.self).baseAddress, bytes.count, nil, $0)
        }
      }
    } catch {
      throw Core.hasReader ? error : OpenVINOError("\(error)\n\(Core.advice)")
    }
  }

  /// Whether the part of OpenVINO that reads ONNX lies beside its library.
  private static var hasReader: Bool {
    guard let libraryPath else { return true }
    let folder = (libraryPath as NSString).deletingLastPathComponent
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.contains { $0.contains("openvino_onnx_frontend") }
  }

  /// Gives every input whose dimension 0 is unknown this batch.
  private func fix(_ batch: Int, of model: OpaquePointer) throws {
    guard batch >= 1 else { throw OpenVINOError("the batch is \(batch), it has to be at least 1") }
    var count = 0
    try check(ov_model_inputs_size(model, &count), "count the model's inputs")
    for index in 0..<count {
      let port = try Port(
        reading: create("read input \(index) of the model") {
          ov_model_const_input_by_index(model, index, $0)
        })
      guard let size = port.shape.first, size == -1 || size == batch else {
        throw OpenVINOError(
          "input '\(port.name)' has shape \(port.shape) and cannot take a batch of \(batch)")
      }
      let sizes = [Int64(batch)] + port.shape.dropFirst().map(Int64.init)
      var shape = ov_partial_shape_t()
      try check(
        ov_partial_shape_create_static(Int64(sizes.count), sizes, &shape), "make a shape")
      defer { ov_partial_shape_free(&shape) }
      try check(
        ov_model_reshape_input_by_name(model, port.name, shape),
        "give input '\(port.name)' the shape \(sizes)")
    }
  }

  private func compile(
    _ model: OpaquePointer, _ properties: [(key: String, value: String)], device: String
  ) throws -> OpaquePointer {
    var strings: [UnsafeMutablePointer<CChar>] = []
    defer { for string in strings { free(string) } }
    func copied(_ string: String) -> UnsafeMutablePointer<CChar>? {
      let copy = strdup(string)
      if let copy { strings.append(copy) }
      return copy
    }
    let pairs = properties.map {
      ov_property_t(key: copied($0.key), value: UnsafeRawPointer(copied($0.value)))
    }
    let settings = properties.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    return try create("compile a model for \(device) with \(settings)") {
      ov_core_compile_model_props(handle.pointer, model, device, pairs.count, pairs, $0)
    }
  }

  /// Adds what to do to an error that comes from a device that is not there.
  private func explaining<Result>(_ device: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch {
      let found = (try? devices()) ?? []
      let family = device.prefix { $0 != "." && $0 != ":" }
      guard !found.contains(where: { $0.hasPrefix(family) }) else { throw error }
      let list = found.isEmpty ? "none" : found.joined(separator: ", ")
      throw OpenVINOError("\(error)\nDevices found: \(list). \(Core.advice)")
    }
  }
}

/// What the processor can do that OpenVINO's results depend on.
public enum Processor {
  /// Whether it adds up products of 8-bit integers exactly, as those with VNNI or AMX do, and ARM's.
  /// Older ones saturate sums of two products at 16 bits, which OpenVINO's kernels for them put up with.
  public static let addsBytesExactly: Bool = {
    #if arch(x86_64)
      guard let facts = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else {
        return false
      }
      return ["avx512_vnni", "avx_vnni", "amx_int8"].contains { facts.contains(" \($0) ") }
    #else
      return true
    #endif
  }()
}

/// What OpenVINO was asked to do, and what it said about why it could not.
public struct OpenVINOError: Error, CustomStringConvertible, Sendable {
  public let description: String

  init(_ description: String) {
    self.description = description
  }

  /// OpenVINO's own words are kept for the whole process, not per thread: read them at once.
  init(_ status: ov_status_e, _ attempt: String) {
    var reason = String(cString: ov_get_error_info(status))
    if let message = ov_get_last_err_msg() {
      // Where in OpenVINO's own source it was thrown helps nobody who reads this.
      let lines = String(cString: message).split(separator: "\n")
        .filter { !$0.hasPrefix("Exception from ") && !$0.allSatisfy(\.isWhitespace) }
      if !lines.isEmpty { reason = lines.joined(separator: "\n") }
      ov_free(message)
    }
    description = "OpenVINO: \(attempt): \(reason)"
  }
}

/// Throws what OpenVINO said when `status` is a failure; `attempt` says what it was asked to do.
func check(_ status: ov_status_e, _ attempt: @autoclosure () -> String) throws {
  guard status == OK else { throw OpenVINOError(status, attempt()) }
}

/// The object that a C function creates through its out-parameter.
func create(
  _ attempt: @autoclosure () -> String,
  _ body: (UnsafeMutablePointer<OpaquePointer?>) -> ov_status_e
) throws -> OpaquePointer {
  var pointer: OpaquePointer?
  try check(body(&pointer), attempt())
  guard let pointer else { throw OpenVINOError("OpenVINO: \(attempt()): no object was made") }
  return pointer
}

/// The text that a C function returns through its out-parameter.
func text(
  _ attempt: @autoclosure () -> String,
  _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> ov_status_e
) throws -> String {
  var characters: UnsafeMutablePointer<CChar>?
  try check(body(&characters), attempt())
  guard let characters else { return "" }
  defer { ov_free(characters) }
  return String(cString: characters)
}

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
