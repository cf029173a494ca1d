import Foundation
import Networks

extension Node {
  public func sum(axes: [Int]) throws -> Node {
    let axes = try dimensions(axes, in: "sum")
    // Since opset 13 the sum's axes are an input; those of mean and maximum became one in opset 18.
    return try recording(
      "ReduceSum", integers: [axes], attributes: ["keepdims": .integer(1)], shape: reduced(axes)
    ) { Folding.reduce($0[0], axes: axes, initial: 0, +) }
  }

  public func mean(axes: [Int]) throws -> Node {
    let axes = try dimensions(axes, in: "mean")
    return try recording(
      "ReduceMean", attributes: ["axes": .integers(axes), "keepdims": .integer(1)],
      shape: reduced(axes)
    ) { Folding.mean($0[0], axes: axes) }
  }

  public func maximum(axes: [Int]) throws -> Node {
    let axes = try dimensions(axes, in: "maximum")
    return try recording(
      "ReduceMax", attributes: ["axes": .integers(axes), "keepdims": .integer(1)],
      shape: reduced(axes)
    ) { Folding.reduce($0[0], axes: axes, initial: -.infinity, Folding.larger) }
  }

  public func largest(_ count: Int, axis: Int) throws -> Node {
    try requireFloat("largest")
    let axis = try dimension(axis, in: "largest")
    guard let size = extents[axis].size else {
      throw refused("largest", "dimension \(axis) is the unknown batch")
    }
    guard (1...size).contains(count) else {
      throw refused("largest", "\(count) elements of dimension \(axis), which has \(size)")
    }
    var result = extents
    result[axis] = .fixed(count)
    return try recording(
      "TopK", integers: [[count]],
      attributes: ["axis": .integer(axis), "largest": .integer(1), "sorted": .integer(1)],
      shape: result)
  }

  public func softmax(axis: Int) throws -> Node {
    try requireFloat("softmax")
    let axis = try dimension(axis, in: "softmax")
    return try recording("Softmax", attributes: ["axis": .integer(axis)], shape: extents) {
      Folding.softmax($0[0], axis: axis)
    }
  }

  private func dimensions(_ axes: [Int], in operation: String) throws -> [Int] {
    try requireFloat(operation)
    let dimensions = try Set(axes.map { try dimension($0, in: operation) }).sorted()
    guard !dimensions.isEmpty, dimensions.count == axes.count else {
      throw refused(operation, "axes \(axes) do not name one or more dimensions once each")
    }
    return dimensions
  }

  private func reduced(_ axes: [Int]) -> Shape {
    extents.enumerated().map { axes.contains($0.offset) ? .fixed(1) : $0.element }
  }
}
