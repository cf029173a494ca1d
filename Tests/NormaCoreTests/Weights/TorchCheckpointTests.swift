import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite struct TorchCheckpointTests {
  static let storage = CheckpointBuilder.floats((0..<12).map(Float.init))

  /// Views on one storage of 0…11.
  static let views: [(StoredTensor, [Float])] = [
    (
      StoredTensor(name: "whole", storageCount: 12, shape: [3, 4], strides: [4, 1]),
      (0..<12).map(Float.init)
    ),
    (
      StoredTensor(name: "transposed", storageCount: 12, shape: [4, 3], strides: [1, 4]),
      [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11]
    ),
    (
      StoredTensor(name: "row", storageCount: 12, offset: 4, shape: [4], strides: [1]),
      [4, 5, 6, 7]
    ),
    (
      StoredTensor(name: "column", storageCount: 12, offset: 3, shape: [3], strides: [4]),
      [3, 7, 11]
    ),
    (
      StoredTensor(name: "expanded", storageCount: 12, offset: 5, shape: [2, 2], strides: [0, 1]),
      [5, 6, 5, 6]
    ),
    (StoredTensor(name: "number", storageCount: 12, offset: 11, shape: [], strides: []), [11]),
    (
      StoredTensor(name: "empty", storageCount: 12, offset: 12, shape: [0, 3], strides: [3, 1]), []
    ),
    (
      StoredTensor(
        name: "one", storageCount: 12, offset: 2, shape: [1, 2, 1], strides: [99, 1, 77]),
      [2, 3]
    ),
  ]

  @Test func readsViewsFromTheZipFormat() throws {
    let pickle = CheckpointBuilder.stateDictionary(Self.views.map(\.0))
    let file = CheckpointBuilder.zipped(pickle, storages: ["0": Self.storage])
    try check(TorchCheckpoint.read(file))
  }

  @Test func readsViewsFromTheOldFormat() throws {
    let pickle = CheckpointBuilder.stateDictionary(Self.views.map(\.0), legacy: true)
    let file = CheckpointBuilder.legacy(pickle, storages: [("0", 12, Self.storage)])
    try check(TorchCheckpoint.read(file))
  }

  private func check(_ tensors: [String: WeightTensor]) throws {
    #expect(tensors.count == Self.views.count)
    for (stored, values) in Self.views {
      #expect(tensors[stored.name] == WeightTensor(shape: stored.shape, values: values))
    }
  }

  @Test(arguments: ["state_dict", "model"])
  func findsANestedStateDictionary(key: String) throws {
    let tensor = StoredTensor(name: "x", storageCount: 12, shape: [2], strides: [1])
    let pickle = CheckpointBuilder.stateDictionary([tensor], nesting: key)
    let file = CheckpointBuilder.zipped(pickle, storages: ["0": Self.storage])
    #expect(try TorchCheckpoint.read(file)["x"]?.values == [0, 1])
  }

  @Test func aTensorBesideTheStateDictionaryHidesNothing() throws {
    let tensor = StoredTensor(name: "x", storageCount: 12, shape: [2], strides: [1])
    let best = StoredTensor(name: "best_acc1", storageCount: 12, shape: [1], strides: [1])
    let pickle = CheckpointBuilder.stateDictionary([tensor], nesting: "state_dict", beside: best)
    let file = CheckpointBuilder.zipped(pickle, storages: ["0": Self.storage])
    #expect(try TorchCheckpoint.read(file).mapValues(\.values) == ["x": [0, 1]])
  }

  @Test func readsEveryStorageType() throws {
    let types: [(String, Data, Float)] = [
      ("DoubleStorage", Data([0, 0, 0, 0, 0, 0, 0xF8, 0x3F]), 1.5),
      ("HalfStorage", Data([0x00, 0x3E]), 1.5), ("BFloat16Storage", Data([0xC0, 0x3F]), 1.5),
      ("LongStorage", Data([5, 0, 0, 0, 0, 0, 0, 0]), 5), ("IntStorage", Data([5, 0, 0, 0]), 5),
      ("ShortStorage", Data([0xFF, 0xFF]), -1), ("CharStorage", Data([0xFF]), -1),
      ("ByteStorage", Data([0xFF]), 255), ("BoolStorage", Data([1]), 1),
    ]
    let tensors = types.map {
      StoredTensor(name: $0.0, type: $0.0, key: $0.0, storageCount: 1, shape: [1], strides: [1])
    }
    let zipped = CheckpointBuilder.zipped(
      CheckpointBuilder.stateDictionary(tensors),
      storages: Dictionary(uniqueKeysWithValues: types.map { ($0.0, $0.1) }))
    let legacy = CheckpointBuilder.legacy(
      CheckpointBuilder.stateDictionary(tensors, legacy: true),
      storages: types.map { ($0.0, 1, $0.1) })
    for file in [zipped, legacy] {
      let read = try TorchCheckpoint.read(file)
      for (type, _, value) in types { #expect(read[type]?.values == [value]) }
    }
  }

  @Test func saysWhatIsWrongWithAnOldFile() {
    let tensor = StoredTensor(name: "x", storageCount: 12, shape: [12], strides: [1])
    let pickle = CheckpointBuilder.stateDictionary([tensor], legacy: true)
    func refusal(_ file: Data) -> String {
      let error = #expect(throws: WeightsFileError.self) { try TorchCheckpoint.read(file) }
      return error?.reason ?? ""
    }
    let short = CheckpointBuilder.legacy(pickle, storages: [("0", 12, Self.storage.dropLast())])
    #expect(refusal(short).contains("cut short within the storage '0'"))
    let other = CheckpointBuilder.legacy(pickle, storages: [("0", 11, Self.storage)])
    #expect(refusal(other).contains("should have 12 elements"))
    let absent = CheckpointBuilder.legacy(pickle, storages: [])
    #expect(refusal(absent).contains("storage '0' is missing"))
    let unused = CheckpointBuilder.legacy(pickle, storages: [("7", 12, Self.storage)])
    #expect(refusal(unused).contains("'7' that no tensor uses"))
    let foreign = CheckpointBuilder.legacy(
      pickle, storages: [("0", 12, Self.storage)], isLittleEndian: false)
    #expect(refusal(foreign).contains("big-endian"))
  }

  @Test func saysWhatIsWrongWithAZip() {
    let tensor = StoredTensor(name: "x", storageCount: 12, shape: [12], strides: [1])
    let pickle = CheckpointBuilder.stateDictionary([tensor])
    func refusal(_ file: Data) -> String {
      let error = #expect(throws: WeightsFileError.self) { try TorchCheckpoint.read(file) }
      return error?.reason ?? ""
    }
    #expect(
      refusal(CheckpointBuilder.zipped(pickle, storages: [:])).contains("is missing"))
    #expect(
      refusal(CheckpointBuilder.zipped(pickle, storages: ["0": Self.storage.dropLast()]))
        .contains("has 47 bytes"))
    #expect(refusal(HandmadeZip.stored([("a.txt", Data())])).contains("no data.pkl"))
    #expect(
      refusal(HandmadeZip.stored([("a/data.pkl", pickle), ("a/constants.pkl", Data())]))
        .contains("TorchScript"))
    #expect(
      refusal(HandmadeZip.stored([("a/data.pkl", pickle), ("a/byteorder", Data("big".utf8))]))
        .contains("big-endian"))
  }

  @Test(arguments: [
    ("", "empty"), ("version https://git-lfs.github.com/spec/v1", "Git LFS"),
    ("\n<!DOCTYPE html>", "web page"), ("just some text", "format is not known"),
  ])
  func namesWhatIsNoWeightsFile(content: String, message: String) {
    let error = #expect(throws: WeightsFileError.self) {
      try WeightsFile.read(Data(content.utf8), name: "x.pth")
    }
    #expect(error?.reason.contains(message) == true)
  }

  @Test func tellsTheFormatsApart() throws {
    let tensor = StoredTensor(name: "x", storageCount: 12, shape: [2], strides: [1])
    let legacy = CheckpointBuilder.legacy(
      CheckpointBuilder.stateDictionary([tensor], legacy: true),
      storages: [("0", 12, Self.storage)])
    #expect(try WeightsFile.read(legacy, name: "x").format == "PyTorch (before 1.6)")
    let zipped = CheckpointBuilder.zipped(
      CheckpointBuilder.stateDictionary([tensor]), storages: ["0": Self.storage])
    #expect(try WeightsFile.read(zipped, name: "x").format == "PyTorch")
    let safe = try SafeTensors.write(["x": WeightTensor(shape: [2], values: [0, 1])])
    #expect(try WeightsFile.read(safe, name: "x").format == "safetensors")
  }
}

/// Files that PyTorch itself wrote, where a Python with it is at hand.
@Suite struct PyTorchFileTests {
  static let interpreter = Python.interpreter(importing: "torch")

  @Test(.enabled(if: interpreter != nil, "needs a Python with PyTorch"), arguments: [true, false])
  func readsWhatPyTorchWrites(zip: Bool) throws {
    let folder = try TemporaryFolder()
    let script = """
      import sys, torch
      x = torch.arange(24, dtype=torch.float32)
      layer = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 1), torch.nn.BatchNorm2d(3))
      torch.nn.init.constant_(layer[0].weight, 0.5)
      state = layer.state_dict()
      state["view"] = x.reshape(4, 6).t()[1:3, ::2]
      state["half"] = x.half()
      state["bfloat16"] = x.bfloat16()
      state["parameter"] = torch.nn.Parameter(x[:3])
      torch.save({"model": state, "optimizer": {"lr": 0.1, "step": [torch.ones(2)]}}, sys.argv[1],
                 _use_new_zipfile_serialization=\(zip ? "True" : "False"))
      """
    let interpreter = try #require(Self.interpreter)
    #expect(try Python.run(interpreter, ["-c", script, folder["state.pth"]]).status == 0)
    let tensors = try TorchCheckpoint.read(folder["state.pth"])
    #expect(
      tensors["0.weight"]
        == WeightTensor(shape: [3, 2, 1, 1], values: .init(repeating: 0.5, count: 6)))
    #expect(tensors["1.running_var"]?.values == [1, 1, 1])
    #expect(tensors["1.num_batches_tracked"] == WeightTensor(shape: [], values: [0]))
    #expect(tensors["view"] == WeightTensor(shape: [2, 2], values: [1, 13, 2, 14]))
    #expect(tensors["half"]?.values == (0..<24).map(Float.init))
    #expect(tensors["bfloat16"]?.values == (0..<24).map(Float.init))
    #expect(tensors["parameter"]?.values == [0, 1, 2])
  }
}
