import Foundation
import NormaCore
import NormaFiles
import Testing

/// A checkpoint is a program to Python. To Norma it is text of which a little is understood.
@Suite struct PickleSafetyTests {
  @Test(arguments: [
    ("posix", "system"), ("os", "system"), ("builtins", "eval"), ("builtins", "getattr"),
    ("subprocess", "Popen"), ("torch", "load"), ("torch.hub", "load"), ("torch._utils", "_import"),
    ("numpy.core.multiarray", "_reconstruct"), ("collections", "Counter"),
  ])
  func refusesToRunWhatIsNotOnTheList(module: String, name: String) {
    var pickle = PickleBuilder()
    pickle.global(module, name)
    pickle.text("echo pwned > pwned")
    pickle.raw(0x85)
    pickle.call()
    let reason = refusal(pickle.stopped())
    #expect(
      reason.contains("refuses to run \(module).\(name): a weights file needs no code"))

    var stacked = PickleBuilder()
    stacked.text(module)
    stacked.text(name)
    stacked.raw(0x93)
    #expect(refusal(stacked.stopped()).contains("refuses to run \(module).\(name):"))
  }

  @Test func refusesTheSameInTheOldFormat() {
    var pickle = PickleBuilder()
    pickle.global("posix", "system")
    let file = CheckpointBuilder.legacy(pickle.stopped(), storages: [])
    let error = #expect(throws: WeightsFileError.self) {
      try TorchCheckpoint.read(file, name: "net.pth")
    }
    #expect(error?.description.hasPrefix("net.pth: refuses to run posix.system") == true)
  }

  @Test(
    arguments: [
      (0x69, "INST"), (0x6F, "OBJ"), (0x81, "NEWOBJ"), (0x92, "NEWOBJ_EX"), (0x82, "EXT1"),
      (0x50, "PERSID"), (0xFF, "0xff"),
    ] as [(UInt8, String)])
  func refusesInstructionsByName(code: UInt8, name: String) {
    var pickle = PickleBuilder()
    pickle.mark()
    pickle.raw(code)
    pickle.bytes += Array("posix\nsystem\n".utf8)
    #expect(refusal(pickle.stopped()).contains("pickle instruction \(name)"))
  }

  @Test func namesInMessagesCannotPlayWithTheTerminal() {
    var pickle = PickleBuilder()
    pickle.global("\u{1B}[2Jevil", String(repeating: "x", count: 900))
    let reason = refusal(pickle.stopped())
    #expect(!reason.contains("\u{1B}"))
    #expect(reason.count < 500)
  }

  @Test func aCallOfAListedNameOutOfPlaceIsRefused() {
    for (module, name) in [
      ("torch", "FloatStorage"), ("torch._utils", "_rebuild_tensor_v2"), ("torch", "Size"),
      ("torch._utils", "_rebuild_parameter"),
    ] {
      var pickle = PickleBuilder()
      pickle.global(module, name)
      pickle.raw(0x29)
      pickle.call()
      #expect(refusal(pickle.stopped()).contains("damaged"))
    }
  }

  @Test func deepNestingNeitherCrashesNorRuns() {
    // Tuples within tuples.
    var tuples = PickleBuilder()
    tuples.raw(0x29)
    for _ in 0..<200_000 { tuples.raw(0x85) }
    #expect(refusal(tuples.stopped()).contains("nests tuples"))

    // A chain of lists, each put into the one before while still empty.
    var lists = PickleBuilder()
    lists.emptyList()
    for _ in 0..<200_000 {
      lists.emptyList()
      lists.remember(0)
      lists.append()
      lists.raw(0x30)
      lists.recall(0)
    }
    #expect(refusal(lists.stopped()).contains("no state dictionary"))

    // The same with dictionaries, and one that contains itself.
    var dictionaries = PickleBuilder()
    dictionaries.emptyDictionary()
    dictionaries.remember(0)
    dictionaries.text("state_dict")
    dictionaries.recall(0)
    dictionaries.setItem()
    #expect(refusal(dictionaries.stopped()).contains("no tensors by name"))
  }

  @Test func cheapCopiesDoNotAddUp() {
    var pickle = PickleBuilder()
    pickle.emptyList()
    pickle.mark()
    for _ in 0..<1000 {
      pickle.raw(0x4E, 0x4E, 0x86)
    }
    pickle.raw(0x65)
    pickle.raw(0x85)
    pickle.remember(0)
    pickle.global("collections", "OrderedDict")
    pickle.remember(1)
    for _ in 0..<1_000_000 {
      pickle.recall(1)
      pickle.recall(0)
      pickle.call()
    }
    #expect(refusal(pickle.stopped()).contains("over and over"))
  }

  @Test func hugeClaimsCostNothing() {
    // A text of 4 GiB, and one of 2⁶³ bytes, of which nothing follows.
    for claim: [UInt8] in [
      [0x58, 0xFF, 0xFF, 0xFF, 0xFF], [0x8D] + [UInt8](repeating: 0xFF, count: 8),
    ] {
      var pickle = PickleBuilder()
      pickle.bytes += claim
      #expect(refusal(pickle.stopped()).contains("damaged"))
    }
    // A tensor of 2⁶⁰ equal elements; one whose strides overflow; one that reaches beyond.
    for (shape, strides) in [
      ([1 << 30, 1 << 30], [0, 0]), ([2, 2], [Int.max, Int.max]), ([4], [2]), ([5], [1]),
      ([-1], [1]), ([2], [-1]), ([0, 1 << 62, 4], [1 << 62, 4, 1]),
    ] {
      let tensor = StoredTensor(name: "x", storageCount: 4, shape: shape, strides: strides)
      let pickle = CheckpointBuilder.stateDictionary([tensor])
      let file = CheckpointBuilder.zipped(
        pickle, storages: ["0": CheckpointBuilder.floats([1, 2, 3, 4])])
      #expect(throws: WeightsFileError.self) { try TorchCheckpoint.read(file) }
    }
    // A storage that claims to be larger than its file.
    let tensor = StoredTensor(name: "x", storageCount: 1 << 61, shape: [4], strides: [1])
    let file = CheckpointBuilder.zipped(
      CheckpointBuilder.stateDictionary([tensor]),
      storages: ["0": CheckpointBuilder.floats([1, 2, 3, 4])])
    #expect(throws: WeightsFileError.self) { try TorchCheckpoint.read(file) }
  }

  @Test func everyPrefixAndEveryFlippedByteIsReadOrRefused() throws {
    let tensor = StoredTensor(name: "x", storageCount: 4, shape: [2, 2], strides: [1, 2])
    let storage = CheckpointBuilder.floats([1, 2, 3, 4])
    let pickle = CheckpointBuilder.stateDictionary([tensor], legacy: true)
    let file = CheckpointBuilder.legacy(pickle, storages: [("0", 4, storage)])
    #expect(try TorchCheckpoint.read(file)["x"]?.values == [1, 3, 2, 4])
    for count in 0..<file.count {
      #expect(throws: WeightsFileError.self) { try TorchCheckpoint.read(file.prefix(count)) }
    }
    var survivors = 0
    for index in file.indices {
      for flip: UInt8 in [0x01, 0x80, 0xFF, 0x2E] {
        var damaged = file
        damaged[index] ^= flip
        do {
          // Whatever is still a checkpoint describes tensors that are whole.
          for (_, tensor) in try TorchCheckpoint.read(damaged) {
            #expect(tensor.values.count == tensor.shape.reduce(1, *))
          }
          survivors += 1
        } catch is WeightsFileError {}
      }
    }
    #expect(survivors < file.count * 4)
  }

  /// Why the reader refuses a zip checkpoint with this pickle; empty when it does not.
  private func refusal(_ pickle: Data) -> String {
    let file = CheckpointBuilder.zipped(pickle, storages: [:])
    do {
      _ = try TorchCheckpoint.read(file, name: "net.pth")
      return ""
    } catch let error as WeightsFileError {
      return error.reason
    } catch {
      return "another error: \(error)"
    }
  }
}
