/// A data set on disk beside what was published of it: what is missing, what is too much.
public struct DatasetCheck: Sendable {
  public struct Row: Sendable, Equatable, Encodable {
    /// Nil: the whole.
    public var category: String?
    public var found: KnownDataset.Counts
    public var published: KnownDataset.Counts
    /// A sentence each; none when it is as published, as far as that is known.
    public var problems: [String]
  }

  public let known: KnownDataset
  public let rows: [Row]
  /// Published categories that are not there.
  public let missing: [String]
  /// Categories that were not published.
  public let unknown: [String]
  /// Files that cannot be used, hidden ones left aside: a system put them there, no publisher.
  public let unusable: Int

  public init(_ dataset: Dataset, against known: KnownDataset) {
    self.known = known
    unusable = dataset.unusable.count { !$0.isHidden }
    let published = known.categories ?? [:]
    let here = Set(dataset.categories)
    missing = published.keys.filter { !here.contains($0) }.sorted()
    unknown = known.categories == nil ? [] : here.filter { published[$0] == nil }.sorted()
    var rows = dataset.categories.map { category in
      Row(
        category: category,
        found: KnownDataset.Counts(dataset.samples.lazy.filter { $0.category == category }),
        published: published[category] ?? KnownDataset.Counts())
    }
    rows.append(
      Row(category: nil, found: KnownDataset.Counts(dataset.samples), published: known.total))
    self.rows = rows
  }

  /// Whether everything is as published, as far as that is known.
  public var isComplete: Bool {
    missing.isEmpty && unknown.isEmpty && unusable == 0 && rows.allSatisfy(\.problems.isEmpty)
  }
}

extension DatasetCheck.Row {
  init(category: String?, found: KnownDataset.Counts, published: KnownDataset.Counts) {
    func compared(_ part: String, _ found: Int?, _ published: Int?) -> String? {
      guard let found, let published, found != published else { return nil }
      return found < published
        ? "\(counted(published - found, "picture")) missing of \(published) \(part)"
        : "\(counted(found - published, "picture")) more than the \(published) \(part)"
    }
    let parts = [
      compared("to train on", found.train, published.train),
      compared("normal to test with", found.testNormal, published.testNormal),
      compared("defective to test with", found.testDefective, published.testDefective),
      // Said once, where its parts are not known.
      published.testNormal == nil && published.testDefective == nil
        ? compared("to test with", found.test, published.test) : nil,
    ]
    self.category = category
    self.found = found
    self.published = published
    problems = parts.compactMap { $0 }
  }
}

extension DatasetCheck {
  /// For the terminal.
  public var text: String {
    var table = TextTable(
      columns: [
        "category", "train", "published", "test good", "published", "test defective", "published",
      ],
      right: [1, 2, 3, 4, 5, 6])
    for row in rows {
      table.add([
        row.category ?? "all", Self.number(row.found.train), Self.number(row.published.train),
        Self.number(row.found.testNormal), Self.number(row.published.testNormal),
        Self.number(row.found.testDefective), Self.number(row.published.testDefective),
      ])
    }
    var lines = [table.text, ""]
    lines += missing.map { "missing: the category \($0)" }
    lines += unknown.map { "not of \(known.name): the category \($0)" }
    for row in rows {
      lines += row.problems.map { "\(row.category ?? "all categories"): \($0)" }
    }
    if unusable > 0 { lines.append("\(counted(unusable, "file")) cannot be used") }
    if isComplete { lines.append("As published, as far as that is known (? is not).") }
    return lines.joined(separator: "\n")
  }

  private static func number(_ count: Int?) -> String { count.map { "\($0)" } ?? "?" }
}
