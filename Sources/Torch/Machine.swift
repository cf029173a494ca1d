internal import CTorch
import Foundation

/// What LibTorch can do on this machine.
public enum Machine {
  /// Whether the processor multiplies 16-bit brain floats in hardware; otherwise bf16 is slower than
  /// float32.
  public static var hasFastBF16: Bool { ctorch_has_fast_bf16() }

  /// From now on up to `bytes` of freed tensors are kept for new ones of the same size, and the rest goes
  /// back to the system at once. Without it Linux's heap keeps all, with gaps that make it larger, or,
  /// told not to, gets new pages for every large tensor, which the system clears first: a third of the
  /// time of a training step of RLR.
  public static func reusesMemory(_ bytes: Int = 1 << 30) { ctorch_reuse_memory(Int64(bytes)) }

  /// How much of what was freed is kept just now, in bytes.
  public static var reusableMemory: Int { Int(ctorch_reusable_memory()) }

  public static var version: String { String(cString: ctorch_version()) }

  /// The processor's name, as its maker writes it.
  public static let processor: String = {
    let facts = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let named = facts.split(separator: "\n").first { $0.hasPrefix("model name") }
    let name = named?.split(separator: ":", maxSplits: 1).last?.trimmingCharacters(in: .whitespaces)
    return name ?? "unknown"
  }()

  /// The widest vector instructions that LibTorch uses here, such as `AVX512`.
  public static var vectorInstructions: String { String(cString: ctorch_cpu_capability()) }

  /// Threads of one operation.
  public static var threads: Int {
    get { Int(ctorch_threads()) }
    set { ctorch_set_threads(Int32(newValue)) }
  }
}

/// Where tensors lie and operations run.
public enum Device: String, Sendable, CaseIterable {
  case cpu
  /// The first NVIDIA GPU.
  case cuda
}

extension Machine {
  /// The device in use: the processor, until ``use(_:)`` says otherwise.
  public static var device: Device { ctorch_uses_cuda() ? .cuda : .cpu }

  /// Whether LibTorch finds an NVIDIA GPU that it can use.
  public static var hasGPU: Bool { ctorch_has_gpu() }

  /// From now on tensors lie on `device`, and what the calling thread does with them runs there. To be
  /// said once, before the first tensor: there is no way back from a GPU.
  ///
  /// - Throws: ``TorchError`` that says what is missing, and what to do.
  public static func use(_ device: Device) throws {
    guard device != Machine.device else { return }
    guard device == .cuda else {
      throw TorchError("a GPU is in use, and tensors lie on it; start anew for the processor")
    }
    guard ctorch_is_built_with_cuda() else {
      throw TorchError(
        "the device cuda is asked for, but this LibTorch (\(version)) is built without CUDA. 'make "
          + "dist-cuda' makes a norma-train for LibTorch with CUDA; --device cpu trains without a GPU"
      )
    }
    guard hasGPU else {
      throw TorchError(
        "the device cuda is asked for, but LibTorch (\(version)) finds no NVIDIA GPU on this machine. "
          + "See whether 'nvidia-smi' lists one, and whether its driver is new enough for that LibTorch; "
          + "--device cpu trains without a GPU")
    }
    try check(ctorch_use_cuda())
  }
}

/// Operations that were recorded once on a GPU and run again as one (a CUDA graph): starting hundreds
/// of small kernels one by one would take longer than they do.
///
/// What is recorded reads and writes the same tensors at every replay, and draws anew from its
/// generator, by the seed that this has then. Nothing in it may wait for the GPU, or depend on values
/// that lie there.
public final class Recording {
  private let handle: CTorchGraph

  /// Whether this build and the device in use can record.
  public static var isPossible: Bool { ctorch_can_record() }

  /// From now on constants that are made twice are made once, so that a recording can read them; to be
  /// said before the operations are run for the last time before they are recorded.
  public static func prepare() {
    if isPossible { ctorch_keep_constants(true) }
  }

  /// Records `body`, of which nothing is computed yet. Throws what it throws, and what the GPU refuses.
  ///
  /// - Parameter noise: the generator on the GPU that `body` draws from.
  public init(noise: Generator, _ body: () throws -> Void) throws {
    var handle: CTorchGraph?
    try check(ctorch_record_begin(noise.handle, &handle))
    guard let handle else { throw TorchError("LibTorch gave no recording") }
    self.handle = handle
    do {
      try body()
    } catch {
      // The recording has to end before anything else can run; what was thrown first says more.
      _ = ctorch_record_end(handle)
      throw error
    }
    try check(ctorch_record_end(handle))
  }

  deinit { ctorch_graph_free(handle) }

  /// Runs what was recorded. Returns before the GPU has done it.
  public func replay() throws { try check(ctorch_replay(handle)) }

  /// Forgets what ``prepare()`` began.
  public static func cancel() { ctorch_keep_constants(false) }
}
