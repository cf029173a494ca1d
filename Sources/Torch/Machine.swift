internal import CTorch

/// What LibTorch can do on this machine.
public enum Machine {
  /// Whether the processor multiplies 16-bit brain floats in hardware; otherwise bf16 is slower than
  /// float32.
  public static var hasFastBF16: Bool { ctorch_has_fast_bf16() }

  public static var version: String { String(cString: ctorch_version()) }

  /// The widest vector instructions that LibTorch uses here, such as `AVX512`.
  public static var vectorInstructions: String { String(cString: ctorch_cpu_capability()) }

  /// Threads of one operation.
  public static var threads: Int {
    get { Int(ctorch_threads()) }
    set { ctorch_set_threads(Int32(newValue)) }
  }
}
