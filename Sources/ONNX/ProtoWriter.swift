import Foundation
internal import SwiftProtobuf

/// Writes a graph as a `ModelProto`: what its outputs need, in the order in which it was recorded.
struct ProtoWriter {
  /// IR 8 and opset 17 (the first with LayerNormalization) are read by OpenVINO, by ONNX Runtime
  /// from 1.12 and by TensorRT from 8.6.
  static let irVersion = 8
  static let opset = 17

  private let graph: Graph
  /// The records that some output needs, in recording order.
  let needed: [Int]
  private var names: [Int: String] = [:]
  private var taken: Set<String> = []
  private var counters: [String: Int] = [:]
  private var integerNames: [[Int]: String] = [:]
  /// The layer whose weight was used last: what follows has no weight of its own and belongs to it.
  private var currentLayer: String?
  private var nodes: [Onnx_NodeProto] = []
  private var initializers: [Onnx_TensorProto] = []

  init(_ graph: Graph) {
    self.graph = graph
    var isNeeded = [Bool](repeating: false, count: graph.records.count)
    for output in graph.outputs { isNeeded[output.record] = true }
    // Operands are recorded before what uses them, so one pass backwards finds all.
    for index in graph.records.indices.reversed() where isNeeded[index] {
      guard case .operation(let operation) = graph.records[index].content else { continue }
      for case .record(let operand) in operation.operands { isNeeded[operand] = true }
    }
    needed = graph.records.indices.filter { isNeeded[$0] }
    taken = graph.names
  }

  /// The names under which floating-point constants were written.
  var constantNames: [String] {
    initializers.filter { $0.dataType == ProtoWriter.dataType(.float) }.map(\.name)
  }

  mutating func write() throws -> Data {
    guard !graph.outputs.isEmpty else {
      throw GraphError("graph '\(graph.name)' has no output: name one with output(_:name:)")
    }
    nameResults()
    for index in needed { add(index) }
    for (name, record) in graph.outputs where names[record] != name {
      addNode("Identity", inputs: [names[record] ?? ""], output: name, name: unique("Identity"))
    }
    return try serialized()
  }

  /// An operation's result that is an output takes the output's name; the others get names of
  /// their own.
  private mutating func nameResults() {
    for (name, record) in graph.inputs { names[record] = name }
    for (name, record) in graph.outputs {
      if case .operation = graph.records[record].content, names[record] == nil {
        names[record] = name
      }
    }
  }

  private mutating func add(_ index: Int) {
    switch graph.records[index].content {
    case .input:
      break
    case .parameter(let constant, let name):
      add(constant, index, name: name)
    case .constant(let constant, let source):
      add(constant, index, name: unique(source ?? "constant"))
    case .operation(let operation):
      add(operation, index)
    }
  }

  private mutating func add(_ constant: Constant, _ index: Int, name: String) {
    names[index] = name
    initializers.append(
      ProtoWriter.tensor(name, dims: constant.shape, .float, constant.values))
  }

  private mutating func add(_ operation: Operation, _ index: Int) {
    var inputs: [String] = []
    for operand in operation.operands {
      switch operand {
      case .record(let record): inputs.append(names[record] ?? "")
      case .integers(let values): inputs.append(initializer(values))
      case .none: inputs.append("")
      }
    }
    currentLayer = layer(operation) ?? currentLayer
    let name = unique(currentLayer.map { $0 + "." + operation.type } ?? operation.type)
    let output = names[index] ?? name
    names[index] = output
    addNode(
      operation.type, inputs: inputs, output: output, name: name,
      attributes: operation.attributes)
  }

  /// The layer whose weight an operation uses: "blocks.0.0.conv_dw" tells more than "Conv_7".
  private func layer(_ operation: Operation) -> String? {
    for case .record(let record) in operation.operands.dropFirst() {
      if let name = graph.records[record].content.source,
        let range = name.range(of: ".weight")
      {
        return String(name[..<range.lowerBound])
      }
    }
    return nil
  }

  private mutating func addNode(
    _ type: String, inputs: [String], output: String, name: String,
    attributes: [String: Attribute] = [:]
  ) {
    var node = Onnx_NodeProto()
    node.opType = type
    node.name = name
    node.input = inputs
    // The places of what TopK chose, which no network asks for, need a name all the same.
    node.output = type == "TopK" ? [output, unique(name + ".places")] : [output]
    node.attribute = attributes.sorted { $0.key < $1.key }.map {
      ProtoWriter.attribute($0.key, $0.value)
    }
    nodes.append(node)
  }

  private mutating func initializer(_ values: [Int]) -> String {
    if let name = integerNames[values] { return name }
    let name = unique("integers")
    initializers.append(
      ProtoWriter.tensor(name, dims: [values.count], .int64, values.map(Int64.init)))
    integerNames[values] = name
    return name
  }

  /// `stem` where it is free, else `stem_1`, `stem_2`, …
  private mutating func unique(_ stem: String) -> String {
    var name = stem
    while !taken.insert(name).inserted {
      counters[stem, default: 0] += 1
      name = "\(stem)_\(counters[stem, default: 0])"
    }
    return name
  }

  private func serialized() throws -> Data {
    var model = Onnx_ModelProto()
    model.irVersion = Int64(ProtoWriter.irVersion)
    model.producerName = "norma"
    var opset = Onnx_OperatorSetIdProto()
    opset.version = Int64(ProtoWriter.opset)
    model.opsetImport = [opset]
    model.metadataProps = graph.metadata.sorted { $0.key < $1.key }.map {
      var pair = Onnx_StringStringEntryProto()
      (pair.key, pair.value) = ($0.key, $0.value)
      return pair
    }
    model.graph.name = graph.name
    model.graph.node = nodes
    model.graph.initializer = initializers
    model.graph.input = graph.inputs.map { ProtoWriter.value($0.name, graph.records[$0.record]) }
    model.graph.output = graph.outputs.map { ProtoWriter.value($0.name, graph.records[$0.record]) }
    do {
      return try model.serializedData()
    } catch {
      let bytes = initializers.reduce(0) { $0 + $1.rawData.count }
      throw GraphError(
        "graph '\(graph.name)' with \(bytes >> 20) MiB of constants cannot be written, an ONNX "
          + "file holds at most 2 GB: \(error)")
    }
  }
}

extension ProtoWriter {
  static func dataType(_ type: Graph.ElementType) -> Int {
    switch type {
    case .uint8: Onnx_TensorProto.DataType.uint8.rawValue
    case .float: Onnx_TensorProto.DataType.float.rawValue
    }
  }

  /// A constant; its bytes are copied as they lie in memory, which is what the format wants on the
  /// little-endian machines that Norma runs on.
  static func tensor<Element>(
    _ name: String, dims: [Int], _ type: Onnx_TensorProto.DataType, _ values: [Element]
  ) -> Onnx_TensorProto {
    var tensor = Onnx_TensorProto()
    tensor.name = name
    tensor.dims = dims.map(Int64.init)
    tensor.dataType = Int32(type.rawValue)
    tensor.rawData = values.withUnsafeBytes { Data($0) }
    return tensor
  }

  static func attribute(_ name: String, _ value: Attribute) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    switch value {
    case .integer(let value):
      attribute.type = .int
      attribute.i = Int64(value)
    case .integers(let values):
      attribute.type = .ints
      attribute.ints = values.map(Int64.init)
    case .float(let value):
      attribute.type = .float
      attribute.f = value
    case .string(let value):
      attribute.type = .string
      attribute.s = Data(value.utf8)
    }
    return attribute
  }

  /// The name, element type and shape of an input or output.
  static func value(_ name: String, _ record: Graph.Record) -> Onnx_ValueInfoProto {
    var value = Onnx_ValueInfoProto()
    value.name = name
    value.type.tensorType.elemType = Int32(dataType(record.type))
    value.type.tensorType.shape.dim = record.shape.map { extent in
      var dimension = Onnx_TensorShapeProto.Dimension()
      if let size = extent.size {
        dimension.dimValue = Int64(size)
      } else {
        dimension.dimParam = extent.description
      }
      return dimension
    }
    return value
  }
}
