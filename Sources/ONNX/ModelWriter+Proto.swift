import Foundation
internal import SwiftProtobuf

extension ModelWriter {
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
