import Foundation
internal import SwiftProtobuf

/// Makes a model that computes in 8-bit integers of one in 32-bit floats, as `Graph` writes them. In
/// front of every chosen operation its activation passes through QuantizeLinear and DequantizeLinear,
/// and its weight is stored as int8, one scale an output channel, behind a DequantizeLinear. By the operators' definition
/// nothing else changes; processors without VNNI or AMX may overflow where a sum of two products passes 16 bits.
/// OpenVINO and ONNX Runtime recognise the pairs and run the operation between them on integers.
public struct Quantizer {
  /// A convolution, or a matrix product with a constant right side: what integers make faster.
  public struct Operation: Sendable, Hashable {
    /// Its place among the graph's nodes, whose names need not be there, nor differ.
    let node: Int
    /// The node's name, which begins with the layer's: `blocks.1.0.conv_dw.Conv`.
    public let name: String
    public let kind: Kind
    /// The tensor that it is applied to.
    public let activation: String
    let weight: String
    /// The weight's dimension of output channels.
    let axis: Int
  }

  public enum Kind: String, Sendable, Hashable, CaseIterable {
    case convolution
    /// A convolution of each channel by itself.
    case depthwise
    case product
  }

  /// What can be quantised, in the order of execution.
  public let operations: [Operation]
  private let model: Onnx_ModelProto
  private let weights: [String: Constant]

  /// Reads the bytes of an `.onnx` file.
  /// - Throws: `GraphError` when they are none, or were quantised before.
  public init(_ onnx: Data) throws {
    do {
      model = try Onnx_ModelProto(serializedBytes: onnx)
    } catch {
      throw GraphError("these \(onnx.count) bytes are not an ONNX model: \(error)")
    }
    guard !model.graph.node.contains(where: { $0.opType == "DequantizeLinear" }) else {
      throw GraphError("graph '\(model.graph.name)' is quantised already")
    }
    let matrices = model.graph.initializer.filter {
      $0.dataType == ProtoWriter.dataType(.float) && $0.dims.count >= 2
    }
    let weights = try Dictionary(
      matrices.map { ($0.name, try Constant($0)) }, uniquingKeysWith: { first, _ in first })
    operations = model.graph.node.enumerated().compactMap {
      Operation($1, at: $0, weights: weights)
    }
    self.weights = weights
  }

  /// The tensors that `operations` are applied to, each once, in the order of execution.
  public var activations: [String] {
    var seen: Set<String> = []
    return operations.map(\.activation).filter { seen.insert($0).inserted }
  }

  /// The same model with every one of `activations` as a further output.
  /// - Throws: `GraphError` when the file would exceed the format's 2 GB.
  public func observed() throws -> Data {
    var observed = model
    let known = Set(model.graph.output.map(\.name))
    for name in activations where !known.contains(name) {
      var value = Onnx_ValueInfoProto()
      value.name = name
      value.type.tensorType.elemType = Int32(ProtoWriter.dataType(.float))
      observed.graph.output.append(value)
    }
    return try serialized(observed)
  }

  /// Empty statistics of each of `activations`: by channel where depthwise convolutions alone read it.
  public func statistics() -> [String: ActivationStatistics] {
    Dictionary(grouping: operations, by: \.activation).mapValues { readers in
      ActivationStatistics(isPerChannel: readers.allSatisfy { $0.kind == .depthwise })
    }
  }

  /// The model in which the operations for whose activation there is a quantisation compute in
  /// integers; all others stay as they are.
  ///
  /// - Parameter leavingConvolutions: so many of the convolutions, the first of the network, stay as
  ///   they are too: whatever they get wrong goes through all that follows.
  /// - Throws: `GraphError` when a weight of theirs holds a value that is not finite.
  public func quantized(
    _ activations: [String: ActivationQuantization], leavingConvolutions: Int = 0
  ) throws -> Data {
    let convolutions = operations.filter {
      $0.kind != .product && activations[$0.activation] != nil
    }
    let left = Set(convolutions.prefix(leavingConvolutions).map(\.node))
    let chosen = Dictionary(
      operations.filter { !left.contains($0.node) }.map { ($0.node, $0) },
      uniquingKeysWith: { first, _ in first })
    var rewriting = Rewriting(weights: weights)
    for (index, original) in model.graph.node.enumerated() {
      var node = original
      if let operation = chosen[index], let quantization = activations[operation.activation] {
        node.input[0] = rewriting.activation(operation.activation, quantization)
        node.input[1] = try rewriting.weight(operation.weight, axis: operation.axis)
      }
      rewriting.nodes.append(node)
    }
    var quantized = model
    quantized.graph.node = rewriting.nodes
    let used = Set(rewriting.nodes.flatMap(\.input))
    quantized.graph.initializer = (model.graph.initializer + rewriting.initializers).filter {
      used.contains($0.name)
    }
    return try serialized(quantized)
  }

  private func serialized(_ model: Onnx_ModelProto) throws -> Data {
    do {
      return try model.serializedData()
    } catch {
      throw GraphError("graph '\(model.graph.name)' cannot be written: \(error)")
    }
  }
}

extension Quantizer.Operation {
  fileprivate init?(_ node: Onnx_NodeProto, at index: Int, weights: [String: Constant]) {
    guard node.input.count >= 2, let weight = weights[node.input[1]] else { return nil }
    switch (node.opType, weight.shape.count) {
    case ("Conv", 4):
      let groups = node.attribute.first { $0.name == "group" }?.i ?? 1
      let isDepthwise = groups > 1 && groups == weight.shape[0] && weight.shape[1] == 1
      kind = isDepthwise ? .depthwise : .convolution
      axis = 0
    case ("MatMul", 2):
      (kind, axis) = (.product, 1)
    default: return nil
    }
    (self.node, name) = (index, node.name)
    (activation, self.weight) = (node.input[0], node.input[1])
  }
}

/// The nodes and constants of a model that is being quantised.
private struct Rewriting {
  let weights: [String: Constant]
  var nodes: [Onnx_NodeProto] = []
  private(set) var initializers: [Onnx_TensorProto] = []
  private var known: Set<String> = []

  init(weights: [String: Constant]) { self.weights = weights }

  /// The name of an activation after its pair of operators, which are added where it is new.
  mutating func activation(_ name: String, _ quantization: ActivationQuantization) -> String {
    let result = name + ".dequantized"
    guard known.insert(name).inserted else { return result }
    let (steps, dims, attributes): ([AffineQuantization], [Int], [String: Attribute]) =
      switch quantization {
      case .tensor(let step): ([step], [], [:])
      case .channels(let steps): (steps, [steps.count], ["axis": .integer(1)])
      }
    let (scale, zero, integers) = (name + ".scale", name + ".zero", name + ".quantized")
    initializers.append(ProtoWriter.tensor(scale, dims: dims, .float, steps.map(\.scale)))
    switch steps.first?.integers {
    case .int8:
      let values = steps.map { Int8(clamping: $0.zeroPoint) }
      initializers.append(ProtoWriter.tensor(zero, dims: dims, .int8, values))
    default:
      let values = steps.map { UInt8(clamping: $0.zeroPoint) }
      initializers.append(ProtoWriter.tensor(zero, dims: dims, .uint8, values))
    }
    add("QuantizeLinear", [name, scale, zero], output: integers, attributes: attributes)
    add("DequantizeLinear", [integers, scale, zero], output: result, attributes: attributes)
    return result
  }

  /// The name of a weight that is stored as integers.
  mutating func weight(_ name: String, axis: Int) throws -> String {
    let result = name + ".dequantized"
    guard known.insert(name).inserted else { return result }
    guard let constant = weights[name] else { throw GraphError("there is no weight '\(name)'") }
    let quantized = try QuantizedWeight(constant, axis: axis, name: name)
    let (integers, scales) = (name + ".quantized", name + ".scale")
    initializers.append(
      ProtoWriter.tensor(integers, dims: constant.shape, .int8, quantized.values))
    initializers.append(
      ProtoWriter.tensor(scales, dims: [quantized.scales.count], .float, quantized.scales))
    add(
      "DequantizeLinear", [integers, scales], output: result, attributes: ["axis": .integer(axis)])
    return result
  }

  private mutating func add(
    _ type: String, _ inputs: [String], output: String, attributes: [String: Attribute] = [:]
  ) {
    var node = Onnx_NodeProto()
    (node.opType, node.name, node.input, node.output) = (type, output, inputs, [output])
    node.attribute = attributes.map { ProtoWriter.attribute($0.key, $0.value) }
    nodes.append(node)
  }
}

/// A weight as int8, −127…127, symmetric around 0, with one scale an output channel: the channel's
/// largest magnitude becomes 127.
struct QuantizedWeight {
  /// In the weight's own order.
  let values: [Int8]
  /// One for each output channel.
  let scales: [Float]

  /// - Parameter axis: the weight's dimension of output channels.
  /// - Throws: `GraphError` when a value is not finite.
  init(_ weight: Constant, axis: Int, name: String) throws {
    guard weight.values.allSatisfy(\.isFinite) else {
      throw GraphError("the weight '\(name)' holds values that are not finite numbers")
    }
    let channels = weight.shape[axis]
    let inner = weight.shape[(axis + 1)...].reduce(1, *)
    func channel(_ index: Int) -> Int { index / inner % channels }
    var largest = [Float](repeating: 0, count: channels)
    for (index, value) in weight.values.enumerated() {
      largest[channel(index)] = max(largest[channel(index)], abs(value))
    }
    let channelwise = largest.map(AffineQuantization.init(symmetric:))
    scales = channelwise.map(\.scale)
    values = weight.values.enumerated().map { index, value in
      Int8(clamping: channelwise[channel(index)].quantized(value))
    }
  }
}

extension Constant {
  /// A floating-point constant of a file.
  /// - Throws: `GraphError` when its bytes are not as many as its shape needs.
  init(_ tensor: Onnx_TensorProto) throws {
    let shape = tensor.dims.map(Int.init)
    var left = tensor.rawData.count
    // Divided rather than multiplied: sizes that a file states may be anything.
    let fits =
      left % 4 == 0
      && shape.allSatisfy { size in
        guard size >= 1, left % size == 0 else { return false }
        left /= size
        return true
      }
    guard fits, left == 4 else {
      throw GraphError(
        "constant '\(tensor.name)' \(shape) has \(tensor.rawData.count) bytes, not four a value")
    }
    self.init(shape: shape) { values in
      _ = tensor.rawData.copyBytes(to: values)
    }
  }
}

/// Real numbers as 8-bit integers (B. Jacob et al., "Quantization and Training of Neural Networks for
/// Efficient Integer-Arithmetic-Only Inference", CVPR 2018, equation 1):
///
///     q = clamp(round(x / scale) + zeroPoint),   x ≈ (q − zeroPoint) · scale
///
/// Halves are rounded to the even neighbour, as ONNX's QuantizeLinear does.
public struct AffineQuantization: Sendable, Hashable {
  public enum Integers: Sendable, Hashable {
    case uint8
    case int8

    public var range: ClosedRange<Int> {
      switch self {
      case .uint8: 0...255
      case .int8: -128...127
      }
    }
  }

  /// The distance of neighbouring numbers, above 0.
  public let scale: Float
  /// The integer that stands for 0, which is always among the numbers that are kept exactly.
  public let zeroPoint: Int
  public let integers: Integers

  /// 256 steps over `range`, widened to contain 0.
  public init(covering range: ClosedRange<Float>) {
    let (low, high) = (min(range.lowerBound, 0), max(range.upperBound, 0))
    integers = .uint8
    scale = Self.step(Double(high) - Double(low), steps: 255)
    zeroPoint = Int((-Double(low) / Double(scale)).rounded())
  }

  /// 255 steps from −`largest` to `largest`, 0 in their middle.
  public init(symmetric largest: Float) {
    integers = .int8
    scale = Self.step(Double(abs(largest)), steps: 127)
    zeroPoint = 0
  }

  /// What is always 0 has no width; any step keeps it. Nor may a step be too small for a 32-bit float.
  private static func step(_ width: Double, steps: Double) -> Float {
    let step = Float(width / steps)
    return step >= .leastNormalMagnitude ? step : 1
  }

  public func quantized(_ x: Float) -> Int {
    let q = (x / scale).rounded(.toNearestOrEven) + Float(zeroPoint)
    let (low, high) = (integers.range.lowerBound, integers.range.upperBound)
    return q <= Float(low) ? low : q >= Float(high) ? high : Int(q)
  }

  public func dequantized(_ q: Int) -> Float { Float(q - zeroPoint) * scale }

  /// The nearest number that is kept.
  public func rounded(_ x: Float) -> Float { dequantized(quantized(x)) }
}

/// How an activation is stored as 8-bit integers.
public enum ActivationQuantization: Sendable, Hashable {
  /// By one scale and one zero point.
  case tensor(AffineQuantization)
  /// By one scale for each channel (dimension 1); all of one kind of integers, with zero points of 0.
  /// A depthwise convolution keeps its channels apart, so each may have its own scale.
  case channels([AffineQuantization])
}
