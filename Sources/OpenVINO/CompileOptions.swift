/// The arithmetic inside a compiled model. Inputs and outputs keep their types.
public enum Precision: String, Sendable, CaseIterable {
  case f32
  /// bfloat16 where the device computes in it (see `Core.capabilities(of:)`), else float32.
  case bf16
}

/// How a model is compiled. The precision is always said to OpenVINO, whose own default would be
/// bfloat16 on processors that have it.
public struct CompileOptions: Sendable {
  public enum Hint: String, Sendable {
    /// One request at a time, answered as soon as possible.
    case latency = "LATENCY"
    /// Several requests at once, as many pictures per second as possible.
    case throughput = "THROUGHPUT"
  }

  public var device = "CPU"
  public var precision = Precision.f32
  public var hint = Hint.latency
  /// The folder where compiled models are kept and found again (see `CompileCache`); nil keeps
  /// nothing. It is made if needed; where nothing can be written, models are compiled without it
  /// every time.
  public var cacheFolder: String?
  /// Processor threads for inference; nil leaves it to OpenVINO.
  public var threads: Int?
  /// Compiles for exactly this many pictures; nil keeps the model's batch, known or not.
  public var batch: Int?
  /// Measures every layer (see `InferRequest.profile()`), at a small cost per inference.
  public var profiling = false

  public init(
    device: String = "CPU", precision: Precision = .f32, hint: Hint = .latency,
    cacheFolder: String? = nil, threads: Int? = nil, batch: Int? = nil,
    profiling: Bool = false
  ) {
    self.device = device
    self.precision = precision
    self.hint = hint
    self.cacheFolder = cacheFolder
    self.threads = threads
    self.batch = batch
    self.profiling = profiling
  }

  /// OpenVINO's names for all of this; `folder` is the cache's that it may use.
  func properties(cacheFolder folder: String?) -> [(key: String, value: String)] {
    var properties = [
      ("INFERENCE_PRECISION_HINT", precision.rawValue), ("PERFORMANCE_HINT", hint.rawValue),
    ]
    if let folder { properties.append(("CACHE_DIR", folder)) }
    if let threads { properties.append(("INFERENCE_NUM_THREADS", String(threads))) }
    if profiling { properties.append(("PERF_COUNT", "YES")) }
    return properties
  }
}
