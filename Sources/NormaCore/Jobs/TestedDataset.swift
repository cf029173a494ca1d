extension Dataset {
  /// What models are tested on: the categories asked for; else those that all of them were trained on,
  /// if the data set has any of these. What is left out is said in the
  /// notes.
  /// - Throws: `DatasetProblem` for a category that is not there.
  public func tested(on wanted: [String]?, by models: [Manifest]) throws -> Dataset {
    if let wanted { return try selecting(categories: wanted) }
    let others = categories.filter { name in
      models.contains { !$0.categories.contains(name) }
    }
    guard !others.isEmpty else { return self }
    let (subject, all) = models.count == 1 ? ("the model was", "") : ("the models were", "all ")
    guard others.count < categories.count else {
      let known = Set(models.flatMap(\.categories)).sorted().joined(separator: ", ")
      return noting(
        "\(subject) trained on \(known), the data set has "
          + "\(others.joined(separator: ", ")); all of it is measured")
    }
    return try selecting(categories: categories.filter { !others.contains($0) }).noting(
      "left out, because \(subject) not \(all)trained on it: "
        + "\(others.joined(separator: ", ")); name categories with --categories to measure them")
  }

  private func noting(_ note: String) -> Dataset {
    var dataset = self
    dataset.remarks.insert(DatasetRemark(note), at: 0)
    return dataset
  }
}
