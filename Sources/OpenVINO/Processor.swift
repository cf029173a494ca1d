import Foundation

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
