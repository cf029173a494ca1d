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
      $0.dataType == ModelWriter.dataType(.float) && $0.dims.count >= 2
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
      value.type.tensorType.elemType = Int32(ModelWriter.dataType(.float))
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
    initializers.append(ModelWriter.tensor(scale, dims: dims, .float, steps.map(\.scale)))
    switch steps.first?.integers {
    case .int8:
      let values = steps.map { Int8(clamping: $0.zeroPoint) }
      initializers.append(ModelWriter.tensor(zero, dims: dims, .int8, values))
    default:
      let values = steps.map { UInt8(clamping: $0.zeroPoint) }
      initializers.append(ModelWriter.tensor(zero, dims: dims, .uint8, values))
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
      ModelWriter.tensor(integers, dims: constant.shape, .int8, quantized.values))
    initializers.append(
      ModelWriter.tensor(scales, dims: [quantized.scales.count], .float, quantized.scales))
    add(
      "DequantizeLinear", [integers, scales], output: result, attributes: ["axis": .integer(axis)])
    return result
  }

  private mutating func add(
    _ type: String, _ inputs: [String], output: String, attributes: [String: Attribute] = [:]
  ) {
    var node = Onnx_NodeProto()
    (node.opType, node.name, node.input, node.output) = (type, output, inputs, [output])
    node.attribute = attributes.map { ModelWriter.attribute($0.key, $0.value) }
    nodes.append(node)
  }
}
