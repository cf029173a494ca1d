import Foundation
internal import SwiftProtobuf

/// Adds operations, outputs and metadata to the bytes of a model that was written before, such as by `Graph`.
/// What is there stays as it is, byte for byte of every weight.
///
/// Operations are ONNX's own, of the opset that ``ONNX/Graph`` writes (17), and are not checked here: ONNX's
/// checker is the tests'. Values are known by their names.
public struct ModelEditor {
  /// What the elements of a further output are.
  public enum ElementType: Sendable {
    case float
    case integer
    case boolean
  }

  private var model: Onnx_ModelProto
  private var taken: Set<String>
  /// What new names begin with.
  private let prefix: String

  /// - Parameter prefix: what the names of all that is added begin with, so that it is found again.
  /// - Throws: `GraphError` when these bytes are not a model, or of a later opset than this knows.
  public init(_ onnx: Data, prefix: String) throws {
    do {
      model = try Onnx_ModelProto(serializedBytes: onnx)
    } catch {
      throw GraphError("these \(onnx.count) bytes are not an ONNX model: \(error)")
    }
    let opset = model.opsetImport.first { $0.domain.isEmpty }?.version ?? 0
    guard opset == ProtoWriter.opset else {
      throw GraphError(
        "graph '\(model.graph.name)' is of opset \(opset); opset \(ProtoWriter.opset) can be added to"
      )
    }
    self.prefix = prefix
    taken = Set(
      model.graph.initializer.map(\.name) + model.graph.input.map(\.name)
        + model.graph.node.flatMap { $0.output + [$0.name] })
  }

  /// The names of the outputs.
  public var outputs: [String] { model.graph.output.map(\.name) }

  /// A pair that the file carries for whoever looks into it; replaces one of the same key.
  public mutating func setMetadata(_ key: String, _ value: String) {
    model.metadataProps.removeAll { $0.key == key }
    var pair = Onnx_StringStringEntryProto()
    (pair.key, pair.value) = (key, value)
    model.metadataProps.append(pair)
  }

  /// A constant of 32-bit floats, row-major. Returns its name.
  public mutating func constant(_ values: [Float], shape: [Int]) throws -> String {
    try Graph.check(shape: shape, count: values.count, of: "constant")
    return add(ProtoWriter.tensor(unique("constant"), dims: shape, .float, values))
  }

  /// A vector of 64-bit integers.
  public mutating func constant(_ values: [Int]) -> String {
    add(
      ProtoWriter.tensor(
        unique("integers"), dims: [values.count], .int64, values.map(Int64.init)))
  }

  /// A vector of truth values.
  public mutating func constant(_ values: [Bool]) -> String {
    var tensor = ProtoWriter.tensor(
      unique("flags"), dims: [values.count], .uint8, values.map { UInt8($0 ? 1 : 0) })
    tensor.dataType = Self.boolean
    return add(tensor)
  }

  /// `TensorProto.BOOL`, which no graph that Norma records holds, so that the generated messages are without.
  private static let boolean: Int32 = 9

  private mutating func add(_ tensor: Onnx_TensorProto) -> String {
    model.graph.initializer.append(tensor)
    return tensor.name
  }

  /// An operator of one result; returns the result's name.
  ///
  /// - Parameters:
  ///   - integers: attributes that are one integer.
  ///   - lists: attributes that are a list of integers.
  public mutating func add(
    _ type: String, _ inputs: [String], integers: [String: Int] = [:],
    lists: [String: [Int]] = [:]
  ) -> String {
    let name = unique(type)
    addNode(
      type, inputs, output: name, name: name,
      attributes: integers.mapValues(Attribute.integer)
        .merging(lists.mapValues(Attribute.integers)) { first, _ in first })
    return name
  }

  /// The same values as 32-bit floats: 0 and 1 of truth values.
  public mutating func toFloat(_ value: String) -> String {
    add("Cast", [value], integers: ["to": ProtoWriter.dataType(.float)])
  }

  /// Makes a value of one number a picture an output.
  /// - Throws: `GraphError` when the name is taken.
  public mutating func output(_ value: String, as name: String, _ type: ElementType) throws {
    guard taken.insert(name).inserted else {
      throw GraphError("the name '\(name)' is used twice in graph '\(model.graph.name)'")
    }
    addNode("Identity", [value], output: name, name: unique("Identity"), attributes: [:])
    var batch = Onnx_TensorShapeProto.Dimension()
    batch.dimParam = Extent.batch.description
    var info = Onnx_ValueInfoProto()
    info.name = name
    info.type.tensorType.elemType =
      switch type {
      case .float: Int32(Onnx_TensorProto.DataType.float.rawValue)
      case .integer: Int32(Onnx_TensorProto.DataType.int64.rawValue)
      case .boolean: Self.boolean
      }
    info.type.tensorType.shape.dim = [batch]
    model.graph.output.append(info)
  }

  private mutating func addNode(
    _ type: String, _ inputs: [String], output: String, name: String,
    attributes: [String: Attribute]
  ) {
    var node = Onnx_NodeProto()
    (node.opType, node.name, node.input, node.output) = (type, name, inputs, [output])
    node.attribute = attributes.sorted { $0.key < $1.key }.map {
      ProtoWriter.attribute($0.key, $0.value)
    }
    model.graph.node.append(node)
  }

  /// `prefix.stem` where it is free, else `prefix.stem_1`, …
  private mutating func unique(_ stem: String) -> String {
    let stem = "\(prefix).\(stem)"
    var (name, number) = (stem, 0)
    while !taken.insert(name).inserted {
      number += 1
      name = "\(stem)_\(number)"
    }
    return name
  }

  /// The bytes of the model with all that was added.
  /// - Throws: `GraphError` when the file would exceed the format's 2 GB.
  public func data() throws -> Data {
    do {
      return try model.serializedData()
    } catch {
      throw GraphError("graph '\(model.graph.name)' cannot be written: \(error)")
    }
  }
}
