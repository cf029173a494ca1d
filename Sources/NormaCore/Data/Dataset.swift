import NormaFiles

/// The pictures of a data set as they lie on disk, and what was found beside them.
public struct Dataset: Sendable {
  /// The folder that its paths are relative to.
  public var root: String
  /// What was read: the folder, or the table.
  public var source: String
  /// `MVTec AD`, `folder` or `table`.
  public var layout: String
  /// Sorted by category, then path.
  public var samples: [Sample]
  /// All categories found, sorted; also one whose pictures cannot be used.
  public var categories: [String]
  public var unusable: [UnusableFile]
  public var remarks: [DatasetRemark]

  public init(
    root: String, source: String? = nil, layout: String, samples: [Sample],
    categories: [String]? = nil, unusable: [UnusableFile] = [], remarks: [DatasetRemark] = []
  ) {
    self.root = root
    self.source = source ?? root
    self.layout = layout
    self.samples = samples.sorted { ($0.category, $0.path) < ($1.category, $1.path) }
    self.categories = Set(categories ?? []).union(samples.map(\.category)).sorted()
    self.unusable = unusable
    self.remarks = remarks
  }

  public var train: [Sample] { samples.filter { $0.split == .train } }
  public var test: [Sample] { samples.filter { $0.split == .test } }

  /// The files that an evaluation lacks: those of the split `test`, its masks, and what cannot be
  /// opened far enough to tell what it is for. Hidden files are not: nobody put them there to be
  /// tested with.
  public var unusableForTest: [UnusableFile] {
    unusable.filter { $0.split != .train && !$0.isHidden }
  }

  /// What was left out or looks strange, a sentence each.
  public var notes: [String] { remarks.map(\.text) }

  /// Only these categories.
  /// - Throws: `DatasetProblem` when one of them is not there, or none is named; the message lists
  ///   those that are.
  public func selecting(categories names: [String]) throws -> Dataset {
    guard !names.isEmpty else {
      throw DatasetProblem(
        "\(source): no category is named, so nothing is left of it; it has "
          + categories.joined(separator: ", "))
    }
    for name in names where !categories.contains(name) {
      let hint = Spelling.hint(for: name, among: categories)
      throw DatasetProblem(
        "\(source): there is no category '\(name)'\(hint); it has "
          + categories.joined(separator: ", ")
      )
    }
    let chosen = Set(names)
    var result = self
    result.categories = chosen.sorted()
    result.samples.removeAll { !chosen.contains($0.category) }
    result.unusable.removeAll { $0.category.map { !chosen.contains($0) } ?? false }
    result.remarks.removeAll { $0.category.map { !chosen.contains($0) } ?? false }
    return result
  }

  /// For a model of these categories: pictures of one category, for a model of one, are of that,
  /// whatever their folder is called.
  public func named(for categories: [String]) -> Dataset {
    guard self.categories.count == 1, categories.count == 1 else { return self }
    var result = self
    result.categories = categories
    for index in result.samples.indices { result.samples[index].category = categories[0] }
    return result
  }

  /// - Throws: `DatasetProblem` naming every category that has no picture to train on.
  public func validateForTraining() throws {
    let trained = Set(train.map(\.category))
    let empty = categories.filter { !trained.contains($0) }
    guard !empty.isEmpty else { return }
    throw DatasetProblem(empty.map(emptyCategory).joined(separator: "\n"))
  }

  /// - Throws: `DatasetProblem` when there is no picture to test with.
  public func validateForEvaluation() throws {
    guard test.isEmpty else { return }
    guard let first = unusableForTest.first else {
      throw DatasetProblem(
        "\(source): it has no test pictures, so there is nothing to evaluate; "
          + DatasetReader.testHelp)
    }
    throw DatasetProblem(
      "\(source): it has no usable test picture; \(counted(unusableForTest.count, "file")) cannot "
        + "be used, for instance \(FilePath.relative(first.path, to: root)): \(first.reason)")
  }

  private func emptyCategory(_ name: String) -> String {
    let lost = unusable.filter { $0.category == name }
    var text = "\(source): category '\(name)' has no normal picture to train on"
    if let first = lost.first {
      let path = FilePath.relative(first.path, to: root)
      text += "; \(counted(lost.count, "file")) in it cannot be used, for instance \(path): "
      text += first.reason
    } else if layout == MVTecLayout.name {
      text += "; they belong in \(name)/train/good"
    } else if let remark = remarks.first(where: { $0.category == name }) {
      text += " (\(remark.text))"
    }
    return text
  }
}

/// Something about a data set that a person should know before work starts.
public struct DatasetRemark: Sendable, Hashable {
  /// The category that it is about, where it is about one.
  public var category: String?
  public var text: String

  public init(category: String? = nil, _ text: String) {
    self.category = category
    self.text = text
  }
}

/// Why a data set cannot be read or used.
public struct DatasetProblem: Error, CustomStringConvertible, Sendable, Equatable {
  public var description: String

  public init(_ description: String) { self.description = description }
}

/// `1 file`, `3 files`.
package func counted(_ count: Int, _ noun: String) -> String {
  "\(count) \(noun)\(count == 1 ? "" : "s")"
}
