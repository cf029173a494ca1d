import Foundation
internal import NormaFiles

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

/// The compiled form of one model under one set of options, kept by OpenVINO in a folder of its own.
///
/// OpenVINO tells its files apart by less than decides what is in them (on a processor with AMX the float32
/// and the bf16 form of a graph shared one, and the second crashed or computed NaN), runs a file with a
/// flipped byte without a word, and writes in place. So the folder's name holds everything that a
/// compilation depends on; it is filled under another name, each file signed by its SHA-256, and renamed
/// when it is whole; and who fills it is alone with it. A cache that cannot be had, is full or belongs
/// to somebody else costs a compilation, never a result.
struct CompileCache {
  private let entry: String

  /// How long a process waits for another that compiles the same before it compiles for itself.
  private static let patience: Duration = .seconds(60)
  /// What has to be free on the disk, after the files are written too: OpenVINO does not notice when it
  /// cannot write all of one.
  private static let spareBytes: UInt64 = 32 << 20

  /// - Parameters:
  ///   - folder: where compiled models are kept; made if needed.
  ///   - facts: all that the compilation depends on besides the model: options, engine, processor.
  /// - Returns: nil when nothing can be kept there.
  init?(_ folder: String, onnx: Data, facts: [String]) {
    guard (try? FilePath.createFolder(FilePath.absolute(folder))) != nil,
      FileManager.default.isWritableFile(atPath: folder)
    else { return nil }
    entry = FilePath.absolute(folder) + "/" + Self.name(onnx: onnx, facts: facts)
  }

  /// What a compilation is kept under.
  static func name(onnx: Data, facts: [String]) -> String {
    let text = (["compiled 2", Digest.sha256(onnx)] + facts).joined(separator: "\n")
    return String(Digest.sha256(Data(text.utf8)).prefix(32))
  }

  /// What `compile` makes with a folder to find or keep compiled files in, or without one (nil) where that
  /// is not to be had. Many may load at once; who fills the folder is alone with it.
  ///
  /// - Parameter check: what is new has to pass it to be kept, and to be returned: what it throws is thrown.
  ///   What was kept has passed it before.
  func compiled<Compiled>(
    _ compile: (String?) throws -> Compiled, check: (Compiled) throws -> Void = { _ in }
  ) throws -> Compiled {
    let (hasLocks, found) = shared(compile)
    if let found { return found }
    return hasLocks ? try filled(compile, check) : try unkept(compile, check)
  }

  private func unkept<Compiled>(
    _ compile: (String?) throws -> Compiled, _ check: (Compiled) throws -> Void
  ) throws -> Compiled {
    let compiled = try compile(nil)
    try check(compiled)
    return compiled
  }

  /// What is there already. The lock ends with this call, before anybody asks to be alone.
  private func shared<Compiled>(
    _ compile: (String?) throws -> Compiled
  ) -> (hasLocks: Bool, found: Compiled?) {
    guard let lock = lock(shared: true) else { return (false, nil) }
    defer { withExtendedLifetime(lock) {} }
    return (true, loaded(compile))
  }

  /// What a folder that is whole gives; nil without one, or when it does not load after all.
  private func loaded<Compiled>(_ compile: (String?) throws -> Compiled) -> Compiled? {
    guard isTrusted, let loaded = try? compile(entry) else { return nil }
    // Where OpenVINO would rather compile anew, it leaves a file that nobody has signed.
    for file in Self.files(entry)
    where !FileManager.default.fileExists(atPath: Self.signature(file)) {
      try? FileManager.default.removeItem(atPath: file)
    }
    return loaded
  }

  private func filled<Compiled>(
    _ compile: (String?) throws -> Compiled, _ check: (Compiled) throws -> Void
  ) throws -> Compiled {
    guard let filling = lock(shared: false) else { return try unkept(compile, check) }
    defer { withExtendedLifetime(filling) {} }
    // Another may have filled it meanwhile.
    if let loaded = loaded(compile) { return loaded }
    try? FileManager.default.removeItem(atPath: entry)
    sweep()
    guard hasRoom, let scratch = try? Scratch(folderFor: entry) else {
      return try unkept(compile, check)
    }
    let path = scratch.path
    defer { Scratch.remove(path) }
    guard let compiled = try? compile(path) else { return try unkept(compile, check) }
    try check(compiled)
    if hasRoom, (try? Self.sign(path)) != nil { rename(path, entry) }
    return compiled
  }

  /// Removes what versions before this one kept: folders that no lock was ever taken for.
  private func sweep() {
    let folder = FilePath.parent(entry)
    guard let listing = try? FolderListing(folder) else { return }
    for name in listing.folders
    where name.count == 32 && name.allSatisfy(\.isHexDigit)
      && !listing.files.contains(name + ".lock")
    {
      try? FileManager.default.removeItem(atPath: folder + "/" + name)
    }
  }

  /// Nil when another process keeps it for too long, or there are no locks here.
  private func lock(shared: Bool) -> FileLock? {
    let start = ContinuousClock.now
    return try? FileLock.wait(for: entry + ".lock", shared: shared) {
      if ContinuousClock.now - start > Self.patience { throw CancellationError() }
    }
  }

  /// Whether the folder is whole, and every file as it was when it was signed.
  private var isTrusted: Bool {
    let files = Self.files(entry)
    return !files.isEmpty
      && files.allSatisfy { file in
        guard let signed = try? String(contentsOfFile: Self.signature(file), encoding: .utf8) else {
          return false
        }
        return (try? Digest.sha256(file: file)) == signed
      }
  }

  private static func sign(_ folder: String) throws {
    for file in files(folder) {
      try Data(Digest.sha256(file: file).utf8).write(to: URL(fileURLWithPath: signature(file)))
    }
  }

  /// OpenVINO's files in the folder, without their signatures.
  private static func files(_ folder: String) -> [String] {
    let listing = try? FolderListing(folder)
    return (listing?.files ?? []).filter { !$0.hasSuffix(".sha256") }.map { folder + "/" + $0 }
  }

  private static func signature(_ file: String) -> String { file + ".sha256" }

  private var hasRoom: Bool {
    var status = statvfs()
    guard statvfs(FilePath.parent(entry), &status) == 0 else { return true }
    return UInt64(status.f_bavail) * UInt64(status.f_frsize) > Self.spareBytes
  }
}
