import Foundation
import NormaFiles

/// Where Norma keeps what it makes for itself: imported weights, compiled graphs.
public enum Home {
  /// `NORMA_HOME`, else `.cache/norma` in the user's home folder. It need not exist yet.
  public static var norma: String {
    let environment = ProcessInfo.processInfo.environment
    if let named = environment["NORMA_HOME"], !named.isEmpty { return FilePath.absolute(named) }
    let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory()
    return FilePath.absolute(home + "/.cache/norma")
  }

  /// The folder `name` in it, made when it is missing.
  /// - Throws: `FileProblem` when it cannot be made.
  public static func folder(_ name: String) throws -> String {
    let path = norma + "/" + name
    try FilePath.createFolder(path)
    return path
  }
}
