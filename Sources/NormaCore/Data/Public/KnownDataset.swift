/// A public data set: where it is to be had, under which licence, and how many pictures it has. What is
/// not known for sure is nil, and not checked.
public struct KnownDataset: Sendable, Equatable {
  /// Pictures; nil where nobody counted them for us.
  public struct Counts: Sendable, Equatable, Codable {
    /// Normal ones to train on.
    public var train: Int?
    public var testNormal: Int?
    public var testDefective: Int?
    /// To test with, where only their sum is known.
    public var test: Int?

    public init(
      train: Int? = nil, testNormal: Int? = nil, testDefective: Int? = nil, test: Int? = nil
    ) {
      self.train = train
      self.testNormal = testNormal
      self.testDefective = testDefective
      self.test = test ?? testNormal.flatMap { normal in testDefective.map { normal + $0 } }
    }

    /// Of a data set as it is read.
    init(_ samples: some Sequence<Sample>) {
      var (train, normal, defective) = (0, 0, 0)
      for sample in samples {
        switch (sample.split, sample.label) {
        case (.train, _): train += 1
        case (.test, .normal): normal += 1
        case (.test, .anomalous): defective += 1
        }
      }
      self.init(train: train, testNormal: normal, testDefective: defective)
    }
  }

  /// What the command line calls it, such as `mvtec-ad`.
  public let key: String
  public let name: String
  /// Where it is to be had.
  public let source: String
  public let licence: String
  /// The name that its layout has in `Dataset.layout`; several for one that is to be had in several.
  public let layouts: [String]
  /// By category; nil where the categories are not known by name.
  public let categories: [String: Counts]?
  /// Of the whole.
  public let total: Counts

  init(
    key: String, name: String, source: String, licence: String, layouts: [String],
    categories: [String: Counts]? = nil, total: Counts = Counts()
  ) {
    (self.key, self.name, self.source, self.licence) = (key, name, source, licence)
    (self.layouts, self.categories, self.total) = (layouts, categories, total)
  }

  public static func named(_ key: String) -> KnownDataset? {
    all.first { $0.key == key.lowercased() }
  }

  /// The one that a data set most likely is: of its layout, with its categories; nil when none fits, or
  /// more than one.
  public static func recognized(_ dataset: Dataset) -> KnownDataset? {
    let found = all.filter { known in
      guard known.layouts.contains(dataset.layout) else { return false }
      guard let categories = known.categories else { return true }
      return dataset.categories.contains { categories[$0] != nil }
    }
    let exact = found.filter { $0.categories != nil }
    let likely = exact.isEmpty ? found : exact
    return likely.count == 1 ? likely[0] : nil
  }
}
