/// The arithmetic that a model inspects in. A model is calibrated in the precision that it inspects in,
/// so this is a property of the model, not of a call.
public enum ModelPrecision: String, Sendable, CaseIterable {
  case f32
  /// bfloat16 where the processor computes in it, else float32.
  case bf16
  /// Convolutions and products with weights in 8-bit integers, in a graph made for that; the rest in
  /// floating point.
  case int8

  /// As people read it.
  public var title: String { self == .f32 ? "float32" : rawValue }
}

extension Manifest {
  /// The precision, where it is one that this version knows.
  public var modelPrecision: ModelPrecision? { ModelPrecision(rawValue: precision) }
}
