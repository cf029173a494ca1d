import Foundation
import NormaCore
import NormaFiles

/// A folder that goes away with its owner.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = FilePath.absolute(NSTemporaryDirectory()) + "/norma-" + UUID().uuidString
    try FilePath.createFolder(path)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
