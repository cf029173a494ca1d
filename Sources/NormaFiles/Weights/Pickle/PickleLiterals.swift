import Foundation

extension PickleMachine {
  /// The numbers and texts that stand in the pickle itself.
  func literal(_ opcode: PickleOpcode) throws -> PickleValue {
    switch opcode {
    case .none: .none
    case .newTrue: .bool(true)
    case .newFalse: .bool(false)
    case .binInt:
      .integer(Int(Int32(truncatingIfNeeded: try needed(cursor.integer(width: 4)))))
    case .binInt1: .integer(try needed(cursor.integer(width: 1)))
    case .binInt2: .integer(try needed(cursor.integer(width: 2)))
    case .long1: try longInteger()
    case .binFloat:
      .float(Double(bitPattern: try bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }))
    case .shortBinUnicode, .shortBinString: try text(lengthWidth: 1)
    case .binUnicode, .binString: try text(lengthWidth: 4)
    case .binUnicode8: try text(lengthWidth: 8)
    case .shortBinBytes: .bytes(try bytes(needed(cursor.integer(width: 1))))
    case .binBytes: .bytes(try bytes(needed(cursor.integer(width: 4))))
    default: throw refusal("it uses the pickle instruction \(PickleOpcode.name(opcode.rawValue))")
    }
  }

  private func bytes(_ count: Int) throws -> [UInt8] { Array(try needed(cursor.take(count))) }

  private func text(lengthWidth: Int) throws -> PickleValue {
    let utf8 = try bytes(needed(cursor.integer(width: lengthWidth)))
    guard let text = String(validating: utf8, as: UTF8.self) else {
      throw damage("a text in it is not UTF-8")
    }
    return .string(text)
  }

  /// A signed integer of up to 255 bytes, little-endian.
  private func longInteger() throws -> PickleValue {
    let digits = try bytes(needed(cursor.integer(width: 1)))
    guard digits.count <= 8 else { return .bigInteger(digits) }
    let isNegative = (digits.last ?? 0) >= 0x80
    let pattern = digits.reversed().reduce(isNegative ? UInt64.max : 0) { $0 << 8 | UInt64($1) }
    return .integer(Int(truncatingIfNeeded: pattern))
  }
}
