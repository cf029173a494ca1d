import Foundation
import NormaCore
import NormaFiles

/// A zip archive of stored files, made in memory.
enum StoredZip {
  static func make(_ files: [(name: String, data: Data)]) -> Data {
    var archive = Data()
    var directory = Data()
    for file in files {
      let checksum = file.data.withUnsafeBytes { CRC32.checksum($0) }
      let size = UInt32(file.data.count)
      let name = Data(file.name.utf8)
      let common =
        integers([20, 0, 0, 0, 0x21] as [UInt16]) + integers([checksum, size, size])
        + integers([UInt16(name.count), 0])
      directory += integers([0x0201_4B50 as UInt32]) + integers([20 as UInt16]) + common
      directory +=
        integers([0, 0, 0] as [UInt16]) + integers([0, UInt32(archive.count)] as [UInt32])
      directory += name
      archive += integers([0x0403_4B50 as UInt32]) + common + name + file.data
    }
    let count = UInt16(files.count)
    let end =
      integers([0x0605_4B50 as UInt32]) + integers([0, 0, count, count])
      + integers([UInt32(directory.count), UInt32(archive.count)]) + integers([0 as UInt16])
    return archive + directory + end
  }

  private static func integers<Integer: FixedWidthInteger>(_ values: [Integer]) -> Data {
    values.map(\.littleEndian).withUnsafeBytes { Data($0) }
  }
}
