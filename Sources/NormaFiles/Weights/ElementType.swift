/// What the elements of a stored tensor are. All are read into 32-bit floats; integers beyond 2²⁴ and
/// 64-bit floats are rounded.
package enum ElementType: String, Sendable {
  case float64 = "F64"
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int64 = "I64"
  case int32 = "I32"
  case int16 = "I16"
  case int8 = "I8"
  case uint64 = "U64"
  case uint32 = "U32"
  case uint16 = "U16"
  case uint8 = "U8"
  case bool = "BOOL"

  /// Bytes per element.
  package var width: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .bool: 1
    }
  }

  /// All elements of `bytes` (little-endian, of any alignment; a rest shorter than one is left out).
  func floats(_ bytes: UnsafeRawBufferPointer) -> [Float] {
    switch self {
    case .float32: copied(bytes)
    case .float64: converted(bytes, UInt64.self) { Float(Double(bitPattern: $0)) }
    case .float16: converted(bytes, UInt16.self, Self.half)
    case .bfloat16: converted(bytes, UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .int64: converted(bytes, UInt64.self) { Float(Int64(bitPattern: $0)) }
    case .int32: converted(bytes, UInt32.self) { Float(Int32(bitPattern: $0)) }
    case .int16: converted(bytes, UInt16.self) { Float(Int16(bitPattern: $0)) }
    case .int8: converted(bytes, UInt8.self) { Float(Int8(bitPattern: $0)) }
    case .uint64: converted(bytes, UInt64.self) { Float($0) }
    case .uint32: converted(bytes, UInt32.self) { Float($0) }
    case .uint16: converted(bytes, UInt16.self) { Float($0) }
    case .uint8: converted(bytes, UInt8.self) { Float($0) }
    case .bool: converted(bytes, UInt8.self) { $0 == 0 ? 0 : 1 }
    }
  }

  /// 32-bit floats lie in the file as they do in memory: one copy, no loop.
  private func copied(_ bytes: UnsafeRawBufferPointer) -> [Float] {
    let count = bytes.count / 4
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes.prefix(count * 4)))
      initialized = count
    }
  }

  private func converted<Stored: FixedWidthInteger>(
    _ bytes: UnsafeRawBufferPointer, _: Stored.Type, _ convert: (Stored) -> Float
  ) -> [Float] {
    let width = MemoryLayout<Stored>.size
    let count = bytes.count / width
    return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count {
        let stored = bytes.loadUnaligned(fromByteOffset: index * width, as: Stored.self)
        buffer.initializeElement(at: index, to: convert(Stored(littleEndian: stored)))
      }
      initialized = count
    }
  }

  /// IEEE 754 half precision, by its bits: `Float16` does not exist on every platform Norma builds on.
  private static func half(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 0x1F
    let fraction = UInt32(bits & 0x3FF)
    switch exponent {
    case 0:
      // Subnormal: fraction · 2⁻²⁴, exact in 32 bits.
      let magnitude = Float(fraction) * 0x1p-24
      return Float(bitPattern: sign | magnitude.bitPattern)
    case 0x1F: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }
}
