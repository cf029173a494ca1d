internal import CTorch

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

  /// The widest vector instructions that LibTorch uses here, such as `AVX512`.
  public static var vectorInstructions: String { String(cString: ctorch_cpu_capability()) }

  /// Threads of one operation.
  public static var threads: Int {
    get { Int(ctorch_threads()) }
    set { ctorch_set_threads(Int32(newValue)) }
  }
}
