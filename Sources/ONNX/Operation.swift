/// One ONNX operator with what it is applied to. Equal operations give equal results, so a graph
/// records each only once.
struct Operation: Hashable {
  var type: String
  var operands: [Operand]
  var attributes: [String: Attribute]
}

enum Operand: Hashable {
  /// The value that the graph's record of this index stands for.
  case record(Int)
  /// A small vector of 64-bit integers (a shape, axes).
  case integers([Int])
  /// An optional input that is left out.
  case none
}

enum Attribute: Hashable {
  case integer(Int)
  case integers([Int])
  case float(Float)
  case string(String)
}
