internal import CTorch

/// What LibTorch can do on this machine.
public enum Machine {
  /// Whether the processor multiplies 16-bit brain floats in hardware; otherwise bf16 is slower than
  /// float32.
  public static var hasFastBF16: Bool { ctorch_has_fast_bf16() }

  /// From now on large tensors lie in pages of their own, which go back to the system when they are
  /// freed. Otherwise Linux's heap keeps them, and the gaps between them make it half as large again;
  /// the price is the system's time for new pages, which is felt where tensors are small.
  public static func mapsLargeTensors() { ctorch_map_large_tensors() }

  public static var version: String { String(cString: ctorch_version()) }

  /// The widest vector instructions that LibTorch uses here, such as `AVX512`.
  public static var vectorInstructions: String { String(cString: ctorch_cpu_capability()) }

  /// Threads of one operation.
  public static var threads: Int {
    get { Int(ctorch_threads()) }
    set { ctorch_set_threads(Int32(newValue)) }
  }
}
