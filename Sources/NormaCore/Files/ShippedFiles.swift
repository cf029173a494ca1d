import Foundation
import NormaFiles

/// YAML files that come with Norma, found by a plain name: `three` is `three.yaml` among them.
public struct ShippedFiles: Sendable {
  /// The folder's name, such as `Recipes`.
  let folder: String
  /// What one of them is called, such as "recipe".
  let noun: String
  /// A file that the folder holds, by which it is known.
  let mark: String

  public static let recipes = ShippedFiles(folder: "Recipes", noun: "recipe", mark: "ras.yaml")
  public static let plans = ShippedFiles(folder: "Plans", noun: "plan", mark: "ras-table-4.yaml")

  /// - Parameter name: the name of a file that comes with Norma, or a path.
  /// - Returns: the file's path.
  /// - Throws: `FileProblem` that lists the files there are.
  public func find(_ name: String) throws -> String { try find(name, in: folders) }

  /// The files that come with Norma, by name.
  public var names: [String] { names(in: folders) }

  /// - Parameter folders: where to look, in this order.
  package func find(_ name: String, in folders: [String]) throws -> String {
    let isPath = name.contains("/") || name.hasSuffix(".yaml") || name.hasSuffix(".yml")
    if isPath, FilePath.exists(name) { return name }
    if !name.contains("/") {
      for folder in folders {
        for candidate in [name, name + ".yaml"].map({ "\(folder)/\($0)" })
        where candidate.hasSuffix(".yaml") && FilePath.exists(candidate) {
          return candidate
        }
      }
    }
    if FilePath.exists(name), !FilePath.isFolder(name) { return name }
    let known = names(in: folders)
    let plain = FilePath.stem(name)
    var reason = "there is no such \(noun)\(Spelling.hint(for: plain, among: known))"
    if !known.isEmpty { reason += "; those that come with Norma: \(known.joined(separator: ", "))" }
    throw FileProblem(path: name, reason: reason)
  }

  private func names(in folders: [String]) -> [String] {
    let files = folders.flatMap { (try? FolderListing($0))?.files ?? [] }
    return Set(files.filter { $0.hasSuffix(".yaml") }.map(FilePath.stem)).sorted()
  }

  /// Beside the executable, in `share/norma` of where it is installed, and in the folders above it
  /// (a package's build folder lies in the package).
  private var folders: [String] {
    guard let named = Bundle.main.executablePath else { return [] }
    let executable = FilePath.resolved(named) ?? named
    let home = FilePath.parent(executable)
    var candidates = ["\(home)/\(folder)", "\(FilePath.parent(home))/share/norma/\(folder)"]
    var above = home
    for _ in 0..<5 {
      above = FilePath.parent(above)
      candidates.append("\(above)/\(folder)")
    }
    return candidates.filter { FilePath.exists("\($0)/\(mark)") }
  }
}
