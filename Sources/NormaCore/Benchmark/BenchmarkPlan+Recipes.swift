import NormaFiles

extension BenchmarkPlan {
  /// Every row with its runs, recipes found beside the plan or among those that come with Norma.
  ///
  /// - Parameters:
  ///   - available: the data set's categories.
  ///   - file: the plan's.
  /// - Throws: as ``rows(categories:file:recipe:)``, and for a recipe that is not there or damaged.
  public func rows(categories available: [String], file: String) throws -> [BenchmarkRow] {
    let folder = FilePath.parent(FilePath.absolute(file))
    return try rows(categories: available, file: file) { name in
      let beside = folder + "/" + name
      let isFile = name.hasSuffix(".yaml") && !name.hasPrefix("/") && FilePath.exists(beside)
      return try Recipe.read(isFile ? beside : RecipeCatalog.find(name))
    }
  }
}
