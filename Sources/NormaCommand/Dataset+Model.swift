import NormaCore
import NormaFiles

extension Dataset {
  /// Only the categories that a model knows.
  /// - Throws: `FileProblem` when there is none of them.
  func selecting(knownTo model: Manifest) throws -> Dataset {
    let dataset = named(for: model.categories)
    let known = dataset.categories.filter(model.categories.contains)
    guard !known.isEmpty else {
      throw FileProblem(
        path: dataset.source,
        reason: "it has none of the model's categories: \(model.categories.joined(separator: ", "))"
      )
    }
    return try dataset.selecting(categories: known)
  }
}
