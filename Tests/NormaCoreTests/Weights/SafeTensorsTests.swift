import Foundation
import NormaCore
import NormaFiles
import Testing

@Suite struct SafeTensorsTests {
  static let tensors = [
    "b": WeightTensor(shape: [2, 3], values: [1, -2.5, 0x1p-140, .infinity, 5, 6]),
    "a.weight": WeightTensor(shape: [], values: [7]),
    "empty": WeightTensor(shape: [0, 4], values: []),
  ]

  @Test func writesAndReadsBack() throws {
    let data = try SafeTensors.write(Self.tensors, metadata: ["note": "a/b \"c\" ü"])
    let (metadata, tensors) = try SafeTensors.read(data)
    #expect(metadata == ["note": "a/b \"c\" ü"])
    #expect(tensors == Self.tensors)
  }

  @Test func sameContentGivesTheSameBytesAndAnAlignedHeader() throws {
    let data = try SafeTensors.write(Self.tensors, metadata: ["b": "2", "a": "1"])
    let again = Dictionary(uniqueKeysWithValues: Self.tensors.sorted { $0.key > $1.key })
    #expect(try SafeTensors.write(again, metadata: ["a": "1", "b": "2"]) == data)
    let length = data.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
    #expect(length.isMultiple(of: 8))
    #expect(data.count == 8 + Int(length) + 7 * 4)
  }

  @Test func readsASliceThatDoesNotBeginAtZero() throws {
    let data = Data([1, 2, 3]) + (try SafeTensors.write(Self.tensors))
    #expect(try SafeTensors.read(data.dropFirst(3)).tensors == Self.tensors)
  }

  @Test func refusesToWriteATensorThatDoesNotFillItsShape() {
    #expect(throws: WeightsFileError.self) {
      try SafeTensors.write(["x": WeightTensor(shape: [2, 2], values: [1, 2, 3])])
    }
  }

  @Test(
    arguments: [
      ("F64", [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xF8, 0xBF], -1.5),
      ("F32", [0x00, 0x00, 0xC0, 0x3F], 1.5), ("F16", [0x00, 0xBE], -1.5),
      ("F16", [0x01, 0x00], 0x1p-24), ("F16", [0xFF, 0x03], 0x1.FF8p-15),
      ("F16", [0x00, 0x04], 0x1p-14),
      ("F16", [0x00, 0xFC], -Float.infinity), ("F16", [0xFF, 0x7B], 65504),
      ("BF16", [0xC0, 0xBF], -1.5),
      ("I64", [0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], -2),
      ("I32", [0xFD, 0xFF, 0xFF, 0xFF], -3),
      ("I16", [0x2C, 0x01], 300), ("I8", [0xFF], -1), ("U8", [0xFF], 255),
      ("U16", [0xFF, 0xFF], 65535),
      ("U32", [0, 0, 0, 0x80], 0x1p31), ("U64", [0, 0, 0, 0, 0, 0, 0, 0x80], 0x1p63),
      ("BOOL", [1], 1),
    ] as [(String, [UInt8], Float)])
  func readsEveryType(type: String, bytes: [UInt8], expected: Float) throws {
    // Two elements behind a byte that spoils the alignment.
    let header = """
      {"first":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},\
      "x":{"dtype":"\(type)","shape":[2],"data_offsets":[1,\(1 + 2 * bytes.count)]}}
      """
    let data = Self.file(header, [9] + bytes + bytes)
    #expect(try SafeTensors.read(data).tensors["x"]?.values == [expected, expected])
  }

  @Test func halfPrecisionKeepsNotANumber() throws {
    let header = #"{"x":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}}"#
    let value = try SafeTensors.read(Self.file(header, [0x01, 0x7E])).tensors["x"]?.values.first
    #expect(value?.isNaN == true)
  }

  @Test(arguments: [
    (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "cut short"),
    (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 8, "belong to no tensor"),
    (#"{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, "cannot have 8 bytes"),
    (#"{"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, "impossible shape"),
    (
      #"{"x":{"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,8]}}"#, 8,
      "impossible shape"
    ),
    (
      #"{"x":{"dtype":"F64","shape":[4611686018427387904],"data_offsets":[0,0]}}"#, 0, "cannot have"
    ),
    (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "no range"),
    (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, 8, "no range"),
    (#"{"x":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#, 8, "no range"),
    (
      #"{"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"y":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#,
      6, "'x' and 'y' overlap"
    ),
    (#"{"y":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#, 6, "2 bytes before"),
    (#"{"x":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}"#, 4, "type F8_E4M3"),
    (#"{"x":{"shape":[4],"data_offsets":[0,4]}}"#, 4, "damaged"),
    (#"{"x":{"dtype":"U8","shape":["4"],"data_offsets":[0,4]}}"#, 4, "damaged"),
    (
      #"{"__metadata__":{"n":1},"x":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#, 4, "damaged"
    ),
    (#"{"x":"#, 4, "not JSON"),
  ])
  func refusesDamage(header: String, size: Int, message: String) {
    let data = Self.file(header, [UInt8](repeating: 0, count: size))
    let error = #expect(throws: WeightsFileError.self) {
      try SafeTensors.read(data, name: "trunk.safetensors")
    }
    #expect(error?.description.contains(message) == true, "\(String(describing: error))")
    #expect(error?.description.hasPrefix("trunk.safetensors: ") == true)
  }

  @Test func refusesAHeaderLargerThanTheFileOrTheLimit() throws {
    let whole = try SafeTensors.write(Self.tensors)
    for count in 0..<whole.count {
      #expect(throws: WeightsFileError.self) { try SafeTensors.read(whole.prefix(count)) }
    }
    var huge = whole
    huge.replaceSubrange(0..<8, with: [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
    let error = #expect(throws: WeightsFileError.self) { try SafeTensors.read(huge) }
    #expect(error?.reason.contains("100000000") == true)
  }

  @Test func readsSingleTensorsAndSaysWhichIsNotThere() throws {
    let file = try SafeTensorsFile(try SafeTensors.write(Self.tensors), name: "x.safetensors")
    #expect(file.names == ["a.weight", "b", "empty"])
    #expect(file.shape("b") == [2, 3])
    #expect(try file.tensor("b") == Self.tensors["b"])
    let error = #expect(throws: WeightsFileError.self) { try file.tensor("c") }
    #expect(error?.description == "x.safetensors: it has no tensor 'c'")
  }

  static func file(_ header: String, _ bytes: [UInt8]) -> Data {
    var data = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
    data += Data(header.utf8) + Data(bytes)
    return data
  }
}
