import Foundation
import NormaCore
import NormaFiles
import Testing

@Suite("Zip archives")
struct ZipArchiveTests {
  /// Written by Python's zipfile: a folder, `stored.bin` (stored), `folder/text.txt` (dynamic
  /// codes), `fixed.txt` (fixed codes) and `empty` (deflated).
  static let archive =
    Data(
      base64Encoded: """
        UEsDBBQAAAAAAAAAIVgAAAAAAAAAAAAAAAAHAAAAZm9sZGVyL1BLAwQUAAAAAAAAACFYin4mkSAAAAAgAAAACgAAAHN0
        b3JlZC5iaW4AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eH1BLAwQUAAAACAAAACFYRdnih6QAAAAJBAAADwAA
        AGZvbGRlci90ZXh0LnR4dHXTQQ6DIBBG4atwBBiGAdLTWIumK42xi96+myZIzFu/iF/Iz/6ez8/RnHfb4ubpbOt2fN30
        cPs/hCE8e9AhzD3UIbwuR9lQWi+ShrL0Esdv1sv/K5FNyVwCoSOhRQmtmdBZCC1kjnjPJnjRidAxEjp7QgdEp0jqargO
        nkcgtaK6KqmTJ3XBeSRCSyZ0KYROuA8RQpdKaAs4EFQHHHUxUtvtKf4AUEsDBBQAAAAIAAAAIVgK0GB3CgAAABEAAAAJ
        AAAAZml4ZWQudHh0y8svyk1UyEOQAFBLAwQUAAAACAAAACFYAAAAAAIAAAAAAAAABQAAAGVtcHR5AwBQSwECFAMUAAAA
        AAAAACFYAAAAAAAAAAAAAAAABwAAAAAAAAAAAAAAgAEAAAAAZm9sZGVyL1BLAQIUAxQAAAAAAAAAIViKfiaRIAAAACAA
        AAAKAAAAAAAAAAAAAACAASUAAABzdG9yZWQuYmluUEsBAhQDFAAAAAgAAAAhWEXZ4oekAAAACQQAAA8AAAAAAAAAAAAA
        AIABbQAAAGZvbGRlci90ZXh0LnR4dFBLAQIUAxQAAAAIAAAAIVgK0GB3CgAAABEAAAAJAAAAAAAAAAAAAACAAT4BAABm
        aXhlZC50eHRQSwECFAMUAAAACAAAACFYAAAAAAIAAAAAAAAABQAAAAAAAAAAAAAAgAFvAQAAZW1wdHlQSwUGAAAAAAUA
        BQAUAQAAlAEAAAAA
        """, options: .ignoreUnknownCharacters) ?? Data()

  static let text = (0..<40).map { index in
    let letter = Character(UnicodeScalar(UInt8(97 + index % 7)))
    return "picture \(index * index % 97) of category \(letter); "
  }.joined()

  @Test func readsStoredAndDeflatedEntries() throws {
    let archive = try ZipArchive(data: Self.archive)
    #expect(archive.entries == ["stored.bin", "folder/text.txt", "fixed.txt", "empty"])
    #expect(try archive.data("stored.bin") == Data(0..<32))
    #expect(try archive.data("folder/text.txt") == Data(Self.text.utf8))
    #expect(try archive.data("fixed.txt") == Data("norma norma norma".utf8))
    #expect(try archive.data("empty").isEmpty)
    #expect(archive.size("fixed.txt") == 17)
    #expect(archive.size("nothing") == nil)
  }

  @Test func readsASliceOfLargerData() throws {
    let larger = Data([1, 2, 3]) + Self.archive
    let archive = try ZipArchive(data: larger.dropFirst(3))
    #expect(try archive.data("fixed.txt") == Data("norma norma norma".utf8))
  }

  @Test func refusesWhatIsNotThereOrTooLarge() throws {
    let archive = try ZipArchive(data: Self.archive, name: "model.zip")
    #expect(throws: ZipProblem(archive: "model.zip", reason: "it has no file 'x'")) {
      try archive.data("x")
    }
    #expect(throws: ZipProblem.self) { try archive.data("stored.bin", limit: 31) }
    #expect(try archive.data("stored.bin", limit: 32).count == 32)
  }

  @Test func refusesOtherData() {
    #expect(throws: ZipProblem.self) { try ZipArchive(data: Data()) }
    #expect(throws: ZipProblem.self) { try ZipArchive(data: Data(repeating: 7, count: 10_000)) }
  }

  /// Every byte that matters is covered by a checksum or a cross-check; where a change goes
  /// through, the content is what it was.
  @Test func noChangedByteGivesOtherContent() throws {
    let original = try ZipArchive(data: Self.archive)
    let contents = try original.entries.map { try original.data($0) }
    var refused = 0
    for index in Self.archive.indices {
      for mask: UInt8 in [0x01, 0x80, 0xFF] {
        var damaged = Self.archive
        damaged[index] ^= mask
        do {
          let archive = try ZipArchive(data: damaged)
          for (name, content) in zip(original.entries, contents) where archive.size(name) != nil {
            #expect(try archive.data(name) == content)
          }
        } catch is ZipProblem {
          refused += 1
        }
      }
    }
    #expect(refused > Self.archive.count)
  }

  @Test func refusesEveryCut() throws {
    for count in 0..<Self.archive.count {
      #expect(throws: ZipProblem.self) { try ZipArchive(data: Self.archive.prefix(count)) }
    }
  }

  /// "norma norma norma", deflated.
  static let deflated = Data([0xCB, 0xCB, 0x2F, 0xCA, 0x4D, 0x54, 0xC8, 0x43, 0x90, 0x00])
  static let content = Data("norma norma norma".utf8)

  /// Unpacks deflated data whose archive says that they unfold to `size` bytes.
  private func unpacked(_ deflated: Data, size: Int? = nil) throws -> Data {
    let entry = HandmadeZip.Entry(
      "x", deflated: deflated, content: Self.content, size: size.map { UInt32($0) })
    return try ZipArchive(data: HandmadeZip.make([entry])).data("x")
  }

  private func refusal(_ deflated: Data, size: Int? = nil) -> String {
    do {
      _ = try unpacked(deflated, size: size)
      return "it was unpacked"
    } catch {
      return "\(error)"
    }
  }

  /// No byte more than the stated size is made; the last size here is one that the bytes cannot have,
  /// and is refused before memory is asked for.
  @Test(arguments: [0, 1, 16, 18, 5000, 0xFFFF_FFFE])
  func deflatedDataMustUnfoldToTheStatedSize(size: Int) {
    #expect(
      refusal(Self.deflated, size: size)
        .hasSuffix("the compressed data does not unfold to the \(size) bytes that it should"))
  }

  @Test func deflatedDataMustBeWhole() throws {
    #expect(try unpacked(Self.deflated) == Self.content)
    // What lies behind the end of the stream is not looked at.
    #expect(try unpacked(Self.deflated + Data([1, 2, 3])) == Self.content)
    for count in 0..<Self.deflated.count - 1 {
      #expect(
        refusal(Self.deflated.prefix(count)).hasSuffix("the compressed data ends too early"),
        "\(count) bytes")
    }
    // A block of a kind that there is not, and a reference to before the beginning.
    for damaged: [UInt8] in [[0x07, 0x00], [0x03, 0x02, 0x00, 0x00]] {
      #expect(
        refusal(Data(damaged)).contains("the compressed data is damaged: invalid"), "\(damaged)")
    }
  }

  @Test func checksumOfTheStandardText() {
    let text = Array("123456789".utf8)
    #expect(text.withUnsafeBytes { CRC32.checksum($0) } == 0xCBF4_3926)
  }
}
