import Foundation

/// A folder of its own for one test, removed with it.
final class TemporaryTree {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "norma-test-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    // A test may have taken its own rights away.
    chmod(path, 0o755)
    try? FileManager.default.removeItem(atPath: path)
  }

  subscript(_ name: String) -> String { path + "/" + name }

  func folder(_ name: String) throws {
    try FileManager.default.createDirectory(
      atPath: self[name], withIntermediateDirectories: true)
  }

  @discardableResult
  func file(_ name: String, _ data: Data) throws -> String {
    try folder((name as NSString).deletingLastPathComponent)
    try data.write(to: URL(fileURLWithPath: self[name]))
    return self[name]
  }

  @discardableResult
  func file(_ name: String, text: String) throws -> String { try file(name, Data(text.utf8)) }

  /// Something that begins as a PNG does; `variant` makes its bytes its own.
  @discardableResult
  func picture(_ name: String, variant: Int = 0) throws -> String {
    try file(
      name, Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) + Data("\(variant)".utf8))
  }

  func pictures(_ folder: String, _ names: String...) throws {
    for name in names { try picture(folder + "/" + name) }
  }

  /// All files and folders in it, hidden ones included, sorted.
  func contents() throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
  }
}

/// Root may read and write everything, so tests of refused access say nothing for it.
let isRoot = geteuid() == 0
