import Foundation

/// Changes bytes as damage and malice do, by a seed: the same seed, the same bytes.
public struct Mutator {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  /// In 0 ..< `bound`.
  private mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(max(1, bound))) }

  private static let numbers = [
    "0", "-1", "1", "2147483648", "4294967295", "9223372036854775807", "-9223372036854775808",
    "18446744073709551616", "1e308", "-1e-308", "0.5", "1e999", "nan", "null", "\"\"", "[]", "{}",
  ]
  private static let words: [UInt64] = [
    0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
    0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, .max,
  ]

  /// `bytes` after one to eight changes; some also cut short.
  public mutating func changed(_ bytes: Data) -> Data {
    var result = [UInt8](bytes)
    for _ in 0...below(8) where !result.isEmpty { change(&result) }
    return Data(result)
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    let place = below(bytes.count)
    let length = min(1 + below(16), bytes.count - place)
    switch below(9) {
    case 0: bytes[place] ^= 1 << UInt8(below(8))
    case 1: bytes[place] = UInt8(truncatingIfNeeded: next())
    case 2: bytes.removeSubrange(place..<place + length)
    case 3: bytes.insert(contentsOf: bytes[place..<place + length], at: below(bytes.count))
    case 4: bytes.removeSubrange(place...)
    case 5: bytes.insert(UInt8(truncatingIfNeeded: next()), at: place)
    case 6: overwrite(&bytes, at: place)
    default: replaceNumber(&bytes, from: place)
    }
  }

  /// A binary number of 1 to 8 bytes becomes one of those that break arithmetic.
  private mutating func overwrite(_ bytes: inout [UInt8], at place: Int) {
    let word = Self.words[below(Self.words.count)]
    for offset in 0..<(1 << below(4)) where place + offset < bytes.count {
      bytes[place + offset] = UInt8(truncatingIfNeeded: word >> UInt64(8 * offset))
    }
  }

  /// The first number in text from there on becomes another, or something that is none.
  private mutating func replaceNumber(_ bytes: inout [UInt8], from place: Int) {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard let first = bytes[place...].firstIndex(where: digits.contains) else { return }
    let end = bytes[first...].firstIndex { !digits.contains($0) } ?? bytes.count
    bytes.replaceSubrange(first..<end, with: Self.numbers[below(Self.numbers.count)].utf8)
  }
}

/// Gives a reader bytes that it may refuse, and must survive: a trap ends the whole process.
///
/// Usually some hundred, always the same. `NORMA_FUZZ_SECONDS` goes on for so long (`make soak`: an hour), and
/// with `NORMA_FUZZ_CASES`, a folder, each case lies there while it is tried: what is left under a reader's
/// name after a crash caused it, and belongs among the tests.
public enum Fuzzing {
  /// - Parameters:
  ///   - reader: its name, for files.
  ///   - seeds: files that it reads.
  ///   - cases: how many changed files are tried, where no time is given.
  public static func run(
    _ reader: String, _ seeds: [Data], cases: Int = 400, read: (Data) throws -> Void
  ) throws {
    let environment = ProcessInfo.processInfo.environment
    let seconds = environment["NORMA_FUZZ_SECONDS"].flatMap(Double.init)
    let kept = environment["NORMA_FUZZ_CASES"].map { URL(fileURLWithPath: "\($0)/\(reader)") }
    let end = seconds.map { Date().addingTimeInterval($0) }
    // A seed that is refused would show nothing.
    for seed in seeds { try read(seed) }
    var number = 0
    while end.map({ Date() < $0 }) ?? (number < cases) {
      var mutator = Mutator(seed: UInt64(number))
      let bytes = mutator.changed(seeds[number % seeds.count])
      if let kept { try bytes.write(to: kept) }
      try? autoreleased { try read(bytes) }
      number += 1
    }
    if let kept { try? FileManager.default.removeItem(at: kept) }
  }

  private static func autoreleased(_ body: () throws -> Void) rethrows {
    #if canImport(Darwin)
      try autoreleasepool { try body() }
    #else
      try body()
    #endif
  }
}
