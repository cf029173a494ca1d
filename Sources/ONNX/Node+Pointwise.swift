import Foundation
import Networks

extension Node {
  public static func + (left: Node, right: Node) throws -> Node {
    try left.pointwise("Add", right) { $0 + $1 }
  }

  public static func - (left: Node, right: Node) throws -> Node {
    try left.pointwise("Sub", right) { $0 - $1 }
  }

  public static func * (left: Node, right: Node) throws -> Node {
    try left.pointwise("Mul", right) { $0 * $1 }
  }

  public static func / (left: Node, right: Node) throws -> Node {
    try left.pointwise("Div", right) { $0 / $1 }
  }

  public func affine(scale: Float, offset: Float) throws -> Node {
    try requireFloat("affine")
    let scaled = scale == 1 ? self : try self * constant(scale)
    return offset == 0 ? scaled : try scaled + scaled.constant(offset)
  }

  public func toFloat() throws -> Node {
    guard type != .float else { return self }
    return try recording(
      "Cast", attributes: ["to": .integer(ModelWriter.dataType(.float))], shape: extents)
  }

  public func sigmoid() throws -> Node {
    try mapped("Sigmoid") { 1 / (1 + exp(-$0)) }
  }

  // A NaN stays a NaN, as in the engines: it must be found, not clipped away.
  public func relu() throws -> Node {
    try mapped("Relu") { $0 < 0 ? 0 : $0 }
  }

  public func relu6() throws -> Node {
    try mapped("Clip", [constant(0), constant(6)]) { $0 < 0 ? 0 : ($0 > 6 ? 6 : $0) }
  }

  public func silu() throws -> Node {
    try self * sigmoid()
  }

  /// ½x · (1 + erf(x/√2)), in the order of operators that runtimes recognise and run as one.
  public func gelu() throws -> Node {
    let curve = try (self / constant(Float(2).squareRoot())).mapped("Erf") { erf($0) }
    return try (self * curve.affine(scale: 1, offset: 1)).affine(scale: 0.5, offset: 0)
  }

  public func squareRoot() throws -> Node {
    try mapped("Sqrt") { $0.squareRoot() }
  }

  public func softplus() throws -> Node {
    try mapped("Softplus") { max($0, 0) + log1p(exp(-abs($0))) }
  }

  public func logarithm() throws -> Node {
    try mapped("Log") { log($0) }
  }

  private func pointwise(
    _ type: String, _ other: Node, _ compute: @escaping (Float, Float) -> Float
  ) throws -> Node {
    try graph.require(other, in: type)
    try requireFloat(type)
    try other.requireFloat(type)
    guard let shape = Shape.broadcast(extents, other.extents) else {
      throw GraphError("\(type): \(extents.text) and \(other.extents.text) do not broadcast")
    }
    return try recording(type, [other], shape: shape) {
      Folding.broadcast($0[0], $0[1], compute)
    }
  }

  private func mapped(
    _ type: String, _ bounds: [Node] = [], _ compute: @escaping (Float) -> Float
  ) throws -> Node {
    try requireFloat(type)
    return try recording(type, bounds, shape: extents) { Folding.map($0[0], compute) }
  }
}
