import NormaFiles

/// What a data set holds, shown before any work starts.
public struct DatasetSummary: Sendable {
  /// The data set without the pictures and masks that turned out unreadable; those stand in its
  /// `unusable`.
  public private(set) var dataset: Dataset
  public private(set) var categories: [Category] = []

  /// The figures of one category.
  public struct Category: Sendable, Equatable {
    public var name: String
    public var train = 0
    public var testNormal = 0
    /// Defective test pictures by kind.
    public var defects: [String: Int] = [:]
    /// Defective test pictures that have a mask.
    public var masks = 0
    /// Smallest and largest picture, by area; nil when no picture was looked at.
    public var smallest: PictureSize?
    public var largest: PictureSize?

    public var testAnomalous: Int { defects.values.reduce(0, +) }
  }

  /// - Parameter probe: reads a picture's size from its header; what it throws is the reason for which
  ///   the picture cannot be used.
  public init(_ dataset: Dataset, probe: (String) throws -> PictureSize) {
    self.init(dataset, probe: { path in Result { try probe(path) } }, progress: { _, _ in })
  }

  /// The same with `progress`, called after each picture with how many are done; it may throw to stop.
  public init(
    _ dataset: Dataset, probe: (String) -> Result<PictureSize, any Error>,
    progress: (_ done: Int, _ of: Int) throws -> Void
  ) rethrows {
    var kept: [Sample] = []
    var unusable: [UnusableFile] = []
    var found: [String: Category] = [:]
    for name in dataset.categories { found[name] = Category(name: name) }
    for (index, sample) in dataset.samples.enumerated() {
      do {
        let size = try probe(sample.path).get()
        found[sample.category, default: Category(name: sample.category)].add(sample, size)
        kept.append(sample)
      } catch {
        let reason = (error as? FileProblem)?.reason ?? "\(error)"
        unusable.append(
          UnusableFile(
            path: sample.path, reason: reason, category: sample.category, split: sample.split))
      }
      try progress(index + 1, dataset.samples.count)
    }
    self.dataset = dataset
    self.dataset.samples = kept
    self.dataset.unusable += unusable
    categories = dataset.categories.compactMap { found[$0] }
  }

  /// For the terminal: a table of the categories, notes, and the first files that cannot be used.
  public var text: String {
    var lines = [heading, "", table.text]
    if !dataset.notes.isEmpty {
      lines += [""] + dataset.notes.map { "note: \($0.printable)" }
    }
    if !dataset.unusable.isEmpty { lines += [""] + unusableLines }
    return lines.joined(separator: "\n")
  }

  private var heading: String {
    let layout = dataset.layout == TableLayout.name ? "a table" : "layout: \(dataset.layout)"
    let one = categories.count == 1
    return "\(dataset.source) (\(layout)): \(categories.count) categor\(one ? "y" : "ies"), "
      + "\(dataset.train.count) to train on, \(dataset.test.count) to test with"
  }

  private var table: TextTable {
    var table = TextTable(
      columns: ["category", "train", "test good", "test defective", "masks", "size"],
      right: [1, 2, 3, 4])
    let shown = categories.count > Self.mostRows ? Self.mostRows / 2 : categories.count
    for category in categories.prefix(shown) { table.add(category.row) }
    let rest = categories.dropFirst(shown)
    if !rest.isEmpty { table.add(Category(name: "and \(rest.count) more", all: rest).row) }
    return table
  }

  /// More categories than a person reads are summed up.
  private static let mostRows = 40

  private var unusableLines: [String] {
    let shown = 20
    var lines = ["\(counted(dataset.unusable.count, "file")) cannot be used:"]
    for file in dataset.unusable.prefix(shown) {
      let name = FilePath.relative(file.path, to: dataset.root).printable
      lines.append("  \(name): \(file.reason)")
    }
    if dataset.unusable.count > shown {
      lines.append("  … and \(dataset.unusable.count - shown) more")
    }
    return lines
  }
}

extension DatasetSummary.Category {
  /// Several categories as one.
  fileprivate init(name: String, all: some Sequence<DatasetSummary.Category>) {
    self.init(name: name)
    for category in all {
      train += category.train
      testNormal += category.testNormal
      if category.testAnomalous > 0 { defects["defective", default: 0] += category.testAnomalous }
      masks += category.masks
      let sizes = [smallest, largest, category.smallest, category.largest].compactMap { $0 }
        .sorted { $0.width * $0.height < $1.width * $1.height }
      (smallest, largest) = (sizes.first, sizes.last)
    }
  }

  mutating func add(_ sample: Sample, _ size: PictureSize) {
    switch (sample.split, sample.label) {
    case (.train, _): train += 1
    case (.test, .normal): testNormal += 1
    case (.test, .anomalous(let kind)):
      defects[kind, default: 0] += 1
      if sample.mask != nil { masks += 1 }
    }
    let area = size.width * size.height
    if smallest.map({ area < $0.width * $0.height }) ?? true { smallest = size }
    if largest.map({ area > $0.width * $0.height }) ?? true { largest = size }
  }

  var row: [String] {
    [
      name, "\(train)", "\(testNormal)", defective, testAnomalous == 0 ? "–" : "\(masks)", sizes,
    ]
  }

  private var defective: String {
    let kinds = defects.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    if kinds.count < 2 { return "\(testAnomalous)" }
    let shown = kinds.prefix(4).map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    let rest = kinds.count > 4 ? ", \(kinds.count - 4) more" : ""
    return "\(testAnomalous) (\(shown)\(rest))"
  }

  private var sizes: String {
    guard let smallest, let largest else { return "–" }
    return smallest == largest ? "\(smallest)" : "\(smallest) to \(largest)"
  }
}
