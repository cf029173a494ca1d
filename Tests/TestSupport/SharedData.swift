import Foundation

/// Where the shared pictures, weights and golden files lie: `NORMA_SHARED`, else `../shared` beside
/// the package. Tests that need them are skipped, by name, when the folder is absent, or has only some of
/// them, as one that is there for its weights.
public enum SharedData {
  public static let root: URL? = {
    let named = ProcessInfo.processInfo.environment["NORMA_SHARED"].map {
      URL(fileURLWithPath: $0)
    }
    let package = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let beside = package.deletingLastPathComponent().appendingPathComponent("shared")
    let parts = ["data/inspection7", "goldens", "weights"]
    return [named ?? beside].first { root in
      parts.allSatisfy {
        FileManager.default.fileExists(atPath: root.appendingPathComponent($0).path)
      }
    }
  }()

  public static let isPresent = root != nil

  /// The file or folder at `path` below the shared root; throws when there is no shared root.
  public static func url(_ path: String) throws -> URL {
    guard let root else { throw MissingSharedData() }
    return root.appendingPathComponent(path)
  }

  public struct MissingSharedData: Error, CustomStringConvertible {
    public var description: String { "no shared data: set NORMA_SHARED" }
  }
}
