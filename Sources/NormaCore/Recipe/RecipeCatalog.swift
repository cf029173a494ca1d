/// Finds recipes by a plain name: `three` is `three.yaml` among those that come with Norma.
public enum RecipeCatalog {
  /// - Parameter name: the name of a recipe that comes with Norma, or a path.
  /// - Returns: the recipe's path.
  /// - Throws: `FileProblem` that lists the recipes there are.
  public static func find(_ name: String) throws -> String { try ShippedFiles.recipes.find(name) }

  /// - Parameter folders: where to look, in this order.
  package static func find(_ name: String, in folders: [String]) throws -> String {
    try ShippedFiles.recipes.find(name, in: folders)
  }

  /// The recipes that come with Norma, by name.
  public static var names: [String] { ShippedFiles.recipes.names }
}

extension Recipe {
  /// The recipe called `name`: one that comes with Norma, or a file; the default one for nil.
  /// - Throws: `FileProblem` that lists the recipes there are, or says what is wrong in the file.
  public static func named(_ name: String?) throws -> Recipe {
    try name.map { try read(RecipeCatalog.find($0)) } ?? Recipe()
  }
}
