import Foundation
import Testing

/// Every target names all that it imports. What it imports through another target compiles as well, but
/// is not seen to have changed: the target stays as it was built, with the old layout of what it uses.
@Suite struct ManifestTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// Each target of the manifest, with the names in its declaration.
  private func targets() throws -> [String: (path: String?, names: Set<String>)] {
    let text = try String(
      contentsOf: Self.root.appending(path: "Package.swift"), encoding: .utf8)
    var found: [String: (path: String?, names: Set<String>)] = [:]
    for part in text.split(separator: /\n    \.(target|testTarget|executableTarget)\(/).dropFirst()
    {
      let name = try #require(part.firstMatch(of: /name: "([^"]+)"/)).1
      let path = part.firstMatch(of: /path: "([^"]+)"/)?.1
      let names = part.matches(of: /"([^"]+)"/).map { String($0.1) }
      found[String(name)] = (path.map(String.init), Set(names))
    }
    return found
  }

  private func imports(in folder: URL) throws -> Set<String> {
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    var found: Set<String> = []
    for case let file as URL in try #require(files) where file.pathExtension == "swift" {
      let text = try String(contentsOf: file, encoding: .utf8)
      for match in text.matches(of: /(?m)^(?:[@a-z]+ )*import (\w+)/) {
        found.insert(String(match.1))
      }
    }
    return found
  }

  @Test func aTargetNamesAllThatItImports() throws {
    let targets = try targets()
    #expect(targets.count >= 20)
    for (name, target) in targets {
      let folder = target.path ?? (name.hasSuffix("Tests") ? "Tests/" : "Sources/") + name
      let imported = try imports(in: Self.root.appending(path: folder))
      let unnamed = imported.intersection(targets.keys).subtracting(target.names)
      #expect(unnamed.isEmpty, "\(name): \(unnamed.sorted().joined(separator: ", "))")
    }
  }
}
