import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

struct PictureStoreTests {
  private let origin = PictureStore.Origin(
    root: "/somewhere/parts", fingerprint: "f00d", imageSize: 4, exifOrientation: true)
  private let samples = ["lid/b.png", "lid/ü \"1\".png", "nut/a.png"].map {
    Sample(path: $0, category: String($0.prefix(3)), split: .train, label: .normal)
  }

  private func picture(_ number: Int) -> [UInt8] {
    (0..<48).map { UInt8(truncatingIfNeeded: $0 * 7 + number * 31) }
  }

  private func inFolder(_ body: (String) throws -> Void) throws {
    let folder = try TemporaryFolder()
    try withExtendedLifetime(folder) { try body(folder["pictures.store"]) }
  }

  @discardableResult
  private func write(to path: String, leaving out: Set<Int> = []) throws -> (
    pictures: Int, bytes: Int
  ) {
    try PictureStore.write(origin, samples, to: path) { append in
      for place in samples.indices where !out.contains(place) {
        try append(place, .init(rgb: picture(place)))
      }
    }
  }

  private func bytes(_ path: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path))
  }

  private func refusal(_ path: String) -> String {
    do {
      _ = try PictureStore(path: path)
      return "it was read"
    } catch {
      return "\(error)"
    }
  }

  @Test func whatGoesInComesOut() throws {
    try inFolder { path in
      let written = try write(to: path)
      #expect(try written.pictures == 3 && written.bytes == bytes(path).count)
      let store = try PictureStore(path: path)
      #expect(store.origin == origin && store.origin.root == "parts")
      #expect(store.samples == samples)
      #expect(store.pictures([2, 0, 2]) == picture(2) + picture(0) + picture(2))
      let first = try bytes(path)
      try write(to: path)
      #expect(try bytes(path) == first, "the same pictures give the same bytes")
    }
  }

  @Test func picturesThatCannotBeDecodedAreLeftOut() throws {
    try inFolder { path in
      let written = try write(to: path, leaving: [1])
      let store = try PictureStore(path: path)
      #expect(try written.pictures == 2 && written.bytes == bytes(path).count)
      #expect(store.samples == [samples[0], samples[2]])
      #expect(store.pictures([1]) == picture(2))
      #expect(throws: FileProblem.self) { try write(to: path, leaving: [0, 1, 2]) }
      #expect(try PictureStore(path: path).samples.count == 2, "the old file is as it was")
      let files = try FileManager.default.contentsOfDirectory(atPath: FilePath.parent(path))
      #expect(files == ["pictures.store"])
    }
  }

  @Test func picturesToTestWithComeWithTheirMasks() throws {
    try inFolder { path in
      let tested = [
        ("good/a", Label.normal), ("hole/b", .anomalous("hole")), ("cut/c", .anomalous("cut")),
      ]
      .map { Sample(path: "lid/test/\($0.0).png", category: "lid", split: .test, label: $0.1) }
      let mask = (0..<16).map { UInt8($0 % 3 == 0 ? 255 : 0) }
      var origin = origin
      origin.benchmark = BenchmarkFingerprints(
        training: ["lid": "1"], test: ["lid": "2"], reading: "oriented true")
      let all = samples + tested
      let written = try PictureStore.write(origin, all, to: path) { append in
        for place in all.indices {
          try append(place, .init(rgb: picture(place), mask: place == 4 ? mask : nil))
        }
      }
      #expect(try written.pictures == 6 && written.bytes == bytes(path).count)
      let store = try PictureStore(path: path)
      #expect(store.origin == origin && store.samples == samples && store.tests == tested)
      #expect(store.leftOut.isEmpty)
      // The one defect that is marked; ones, whatever number marked it.
      #expect(store.mask(4) == mask.map { $0 > 0 ? 1 : 0 })
      #expect([0, 3, 5].allSatisfy { store.mask($0) == nil })
      let places = try store.places(of: tested.reversed().map(\.path))
      #expect(places == [5, 4, 3] && store.pictures([5]) == picture(5))
      let stranger = #expect(throws: FileProblem.self) { try store.places(of: ["lid/x.png"]) }
      #expect(stranger?.description.contains("lid/x.png") == true)

      var damaged = try bytes(path)
      damaged[damaged.count - 1] ^= 1
      try damaged.write(to: URL(fileURLWithPath: path))
      #expect(refusal(path).contains("SHA-256"), "masks are checked like pictures")
    }
  }

  @Test func whatCannotBeReadIsCounted() throws {
    try inFolder { path in
      let tested = (0..<3).map {
        Sample(path: "lid/test/good/\($0).png", category: "lid", split: .test, label: .normal)
      }
      var origin = origin
      origin.benchmark = BenchmarkFingerprints(
        training: ["lid": "1"], test: ["lid": "2"], reading: "oriented true")
      try PictureStore.write(
        origin, samples + tested, unusable: ["lid": 1, "case": 2], to: path
      ) { append in
        for place in [0, 2] { try append(place, .init(rgb: picture(place))) }
        let problem = FileProblem(path: "mask.png", reason: "it is damaged")
        try append(4, .init(rgb: picture(4), maskProblem: problem))
      }
      let store = try PictureStore(path: path)
      #expect(store.samples.count == 2 && store.tests == [tested[1]])
      #expect(
        store.leftOut == ["case": 2, "lid": 5],
        "one to train on, two to test with, a mask, and what was unusable before")

      let whole = try bytes(path)
      for key in [#"\"reading"#, #"\"lid\":5"#] {
        var data = whole
        let range = try #require(data.range(of: Data(key.utf8)), "\(key)")
        data[range.upperBound - 1] = UInt8(ascii: "x")
        try data.write(to: URL(fileURLWithPath: path))
        #expect(refusal(path).contains("list of pictures is damaged"), "\(key)")
      }
    }
  }

  @Test func aStoreThatIsCutShortIsRefused() throws {
    try inFolder { path in
      try write(to: path)
      let whole = try bytes(path)
      for count in [0, 4, 100, whole.count - 144, whole.count - 1] {
        try whole.prefix(count).write(to: URL(fileURLWithPath: path))
        let words = refusal(path)
        #expect(words.hasPrefix(path + ": "), "\(words)")
        let says = words.contains("cut short") || words.contains("too few")
        #expect(says, "\(count) bytes: \(words)")
      }
      try (whole + Data([0])).write(to: URL(fileURLWithPath: path))
      #expect(refusal(path).contains("belong to no tensor"))
    }
  }

  @Test func everyByteOfThePicturesIsChecked() throws {
    try inFolder { path in
      try write(to: path)
      let whole = try bytes(path)
      for place in [whole.count - 1, whole.count - 144] {
        var damaged = whole
        damaged[place] ^= 1
        try damaged.write(to: URL(fileURLWithPath: path))
        #expect(refusal(path).contains("SHA-256"), "byte \(place)")
      }
    }
  }

  @Test(arguments: [
    ("norma pictures 2", "norma pictures 9", "norma pictures 9"),
    ("norma pictures 2", "other pictures 1", "not a store of pictures"),
    ("\"U8\"", "\"I8\"", "U8 is expected"),
    ("[3,4,4,3]", "[3,4,3,4]", "[count, side, side, 3]"),
    ("[3,4,4,3]", "[9,4,4,3]", "cannot have"),
    ("\\\"nut\\\"", "\\\"\\\"   ", "list of pictures is damaged"),
    ("nut/a.png", "lid/b.png", "list of pictures is damaged"),
    ("\"f00d\"", "[\"00\"]", "damaged"),
    ("fingerprint", "fingerprunt", "list of pictures is damaged"),
  ])
  func aHeaderThatCannotBeIsRefused(old: String, new: String, reason: String) throws {
    try inFolder { path in
      try write(to: path)
      var data = try bytes(path)
      let range = try #require(data.range(of: Data(old.utf8)), "\(old)")
      #expect(old.utf8.count == new.utf8.count)
      data.replaceSubrange(range, with: Data(new.utf8))
      try data.write(to: URL(fileURLWithPath: path))
      let words = refusal(path)
      #expect(words.hasPrefix(path + ": ") && words.contains(reason), "\(words)")
    }
  }

  @Test func whatIsNoStoreIsRefused() throws {
    try inFolder { path in
      #expect(refusal(path).contains("no such file"))
      try Data("#!/bin/sh\necho hello, this is no store at all\n".utf8)
        .write(to: URL(fileURLWithPath: path))
      #expect(refusal(path).contains("not a safetensors file"))
      let weights = ["a": WeightTensor(shape: [1], values: [1])]
      try SafeTensors.write(weights).write(to: URL(fileURLWithPath: path))
      #expect(refusal(path).contains("not a store of pictures"))
      #expect(refusal(FilePath.parent(path)).contains("folder"))
    }
  }

  @Test func aPictureOfAnotherSizeIsNotWritten() throws {
    try inFolder { path in
      #expect(throws: FileProblem.self) {
        try PictureStore.write(origin, samples, to: path) { try $0(0, .init(rgb: [1, 2, 3])) }
      }
      #expect(!FilePath.exists(path))
    }
  }
}
