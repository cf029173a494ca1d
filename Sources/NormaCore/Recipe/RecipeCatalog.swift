import Foundation

/// Finds recipes by a plain name: `three` is `three.yaml` among those that come with Norma.
public enum RecipeCatalog {
  /// - Parameter name: the name of a recipe that comes with Norma, or a path.
  /// - Returns: the recipe's path.
  /// - Throws: `FileProblem` that lists the recipes there are.
  public static func find(_ name: String) throws -> String {
    try find(name, in: folders)
  }

  /// - Parameter folders: where to look, in this order.
  package static func find(_ name: String, in folders: [String]) throws -> String {
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
    var reason = "there is no such recipe\(Spelling.hint(for: plain, among: known))"
    if !known.isEmpty { reason += "; those that come with Norma: \(known.joined(separator: ", "))" }
    throw FileProblem(path: name, reason: reason)
  }

  /// The recipes that come with Norma, by name.
  public static var names: [String] { names(in: folders) }

  private static func names(in folders: [String]) -> [String] {
    let files = folders.flatMap { (try? FolderListing($0))?.files ?? [] }
    return Set(files.filter { $0.hasSuffix(".yaml") }.map(FilePath.stem)).sorted()
  }

  /// Beside the executable, in `share/norma` of where it is installed, and in the folders above it
  /// (a package's build folder lies in the package).
  private static var folders: [String] {
    guard let named = Bundle.main.executablePath else { return [] }
    let executable = FilePath.resolved(named) ?? named
    let home = FilePath.parent(executable)
    var candidates = [home + "/Recipes", FilePath.parent(home) + "/share/norma/Recipes"]
    var folder = home
    for _ in 0..<5 {
      folder = FilePath.parent(folder)
      candidates.append(folder + "/Recipes")
    }
    return candidates.filter { FilePath.exists($0 + "/ras.yaml") }
  }
}
