import Foundation

/// A folder of its own for one test, removed with it.
public final class TemporaryFolder: Sendable {
  /// Without a slash at its end.
  public let path: String
  public var url: URL { URL(fileURLWithPath: path, isDirectory: true) }

  public init() throws {
    let name = "norma-test-" + UUID().uuidString
    path = URL(fileURLWithPath: NSTemporaryDirectory()).appendingPathComponent(name).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit {
    // A test may have taken its own rights away.
    chmod(path, 0o755)
    try? FileManager.default.removeItem(atPath: path)
  }

  public subscript(_ name: String) -> String { path + "/" + name }

  public func folder(_ name: String) throws {
    try FileManager.default.createDirectory(atPath: self[name], withIntermediateDirectories: true)
  }

  /// Writes a file, in folders that are made, and returns its path.
  @discardableResult
  public func file(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
    if let slash = name.lastIndex(of: "/") { try folder(String(name[..<slash])) }
    try Data(bytes).write(to: URL(fileURLWithPath: self[name]))
    return self[name]
  }

  @discardableResult
  public func file(_ name: String, text: String) throws -> String { try file(name, text.utf8) }

  /// The same, for bytes that are many lines long and better come first.
  @discardableResult
  public func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
    try file(name, bytes)
  }

  /// Something that begins as a PNG does; `variant` makes its bytes its own.
  @discardableResult
  public func picture(_ name: String, variant: Int = 0) throws -> String {
    try file(name, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + Array("\(variant)".utf8))
  }

  public func pictures(_ folder: String, _ names: String...) throws {
    for name in names { try picture(folder + "/" + name) }
  }

  /// All files and folders in it, hidden ones included, sorted.
  public func contents() throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: path).sorted()
  }
}

/// Root may read and write everything, so tests of refused access say nothing for it.
public let isRoot = geteuid() == 0
