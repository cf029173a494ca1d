import Foundation
import NormaFiles

/// Zip archives made in memory.
enum HandmadeZip {
  /// A file as the archive describes it, true or not.
  struct Entry {
    var name: String
    /// What lies in the archive.
    var data: Data
    /// 0 is stored, 8 deflated.
    var method: UInt16 = 0
    /// The length when unpacked.
    var size: UInt32
    var checksum: UInt32

    /// A stored file, described as it is.
    init(_ name: String, _ data: Data) {
      (self.name, self.data, size) = (name, data, UInt32(data.count))
      checksum = data.withUnsafeBytes { CRC32.checksum($0) }
    }

    /// A deflated file of which `content` is the checksum's, and the size's unless it is given.
    init(_ name: String, deflated: Data, content: Data, size: UInt32? = nil) {
      self.init(name, content)
      (data, method) = (deflated, 8)
      if let size { self.size = size }
    }
  }

  static func stored(_ files: [(String, Data)]) -> Data { make(files.map { Entry($0, $1) }) }

  static func make(_ entries: [Entry]) -> Data {
    var archive = Data()
    var directory = Data()
    for entry in entries {
      let name = Data(entry.name.utf8)
      let common =
        integers([20, 0, entry.method, 0, 0x21] as [UInt16])
        + integers([entry.checksum, UInt32(entry.data.count), entry.size])
        + integers([UInt16(name.count), 0])
      directory += integers([0x0201_4B50 as UInt32]) + integers([20 as UInt16]) + common
      directory +=
        integers([0, 0, 0] as [UInt16]) + integers([0, UInt32(archive.count)] as [UInt32])
      directory += name
      archive += integers([0x0403_4B50 as UInt32]) + common + name + entry.data
    }
    let count = UInt16(entries.count)
    let end =
      integers([0x0605_4B50 as UInt32]) + integers([0, 0, count, count])
      + integers([UInt32(directory.count), UInt32(archive.count)]) + integers([0 as UInt16])
    return archive + directory + end
  }

  private static func integers<Integer: FixedWidthInteger>(_ values: [Integer]) -> Data {
    values.map(\.littleEndian).withUnsafeBytes { Data($0) }
  }
}
