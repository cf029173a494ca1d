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

/// Sources of the counts: the papers of RAS (section 4.1) and RLR (section 4.1) for MVTec AD, VisA, BTAD
/// and MPDD, the data sets' own pages for the rest; MVTec AD's and VisA's per category add up to them.
extension KnownDataset {
  public static let all: [KnownDataset] = [
    mvtecAD, mvtec3D, mvtecLOCO, visa, btad, mpdd, kolektor, kolektor2, dagm, realIAD, oct,
  ]

  private static let nonCommercial = "CC BY-NC-SA 4.0 (not for commercial use)"

  private static func counts(
    _ table: KeyValuePairs<String, (train: Int, normal: Int, defective: Int)>
  ) -> [String: Counts] {
    Dictionary(
      uniqueKeysWithValues: table.map {
        (
          $0.key,
          Counts(
            train: $0.value.train, testNormal: $0.value.normal, testDefective: $0.value.defective)
        )
      })
  }

  static let mvtecAD = KnownDataset(
    key: "mvtec-ad", name: "MVTec AD",
    source: "https://www.mvtec.com/company/research/datasets/mvtec-ad", licence: nonCommercial,
    layouts: [MVTecLayout.name],
    categories: counts([
      "bottle": (209, 20, 63), "cable": (224, 58, 92), "capsule": (219, 23, 109),
      "carpet": (280, 28, 89), "grid": (264, 21, 57), "hazelnut": (391, 40, 70),
      "leather": (245, 32, 92), "metal_nut": (220, 22, 93), "pill": (267, 26, 141),
      "screw": (320, 41, 119), "tile": (230, 33, 84), "toothbrush": (60, 12, 30),
      "transistor": (213, 60, 40), "wood": (247, 19, 60), "zipper": (240, 32, 119),
    ]),
    total: Counts(train: 3629, testNormal: 467, testDefective: 1258))

  static let mvtec3D = KnownDataset(
    key: "mvtec-3d-ad", name: "MVTec 3D-AD (its colour pictures)",
    source: "https://www.mvtec.com/company/research/datasets/mvtec-3d-ad", licence: nonCommercial,
    layouts: [MVTec3DLayout.name],
    categories: Dictionary(
      uniqueKeysWithValues: [
        "bagel", "cable_gland", "carrot", "cookie", "dowel", "foam", "peach", "potato", "rope",
        "tire",
      ].map {
        ($0, $0 == "tire" ? Counts(train: 210, testNormal: 25, testDefective: 87) : Counts())
      }))

  static let mvtecLOCO = KnownDataset(
    key: "mvtec-loco-ad", name: "MVTec LOCO AD",
    source: "https://www.mvtec.com/company/research/datasets/mvtec-loco", licence: nonCommercial,
    layouts: [MVTecLayout.loco],
    categories: Dictionary(
      uniqueKeysWithValues: [
        "breakfast_box", "juice_bottle", "pushpins", "screw_bag", "splicing_connectors",
      ].map { ($0, $0 == "juice_bottle" ? Counts(train: 335) : Counts()) }),
    total: Counts(train: 1772))

  static let visa = KnownDataset(
    key: "visa", name: "VisA (split 1cls)",
    source: "https://github.com/amazon-science/spot-diff", licence: "CC BY 4.0",
    layouts: [VisALayout.name, MVTecLayout.plainMasks],
    categories: Dictionary(
      uniqueKeysWithValues: [
        "candle", "capsules", "cashew", "chewinggum", "fryum", "macaroni1", "macaroni2", "pcb1",
        "pcb2", "pcb3", "pcb4", "pipe_fryum",
      ].map { ($0, Counts(testDefective: 100)) }),
    total: Counts(train: 8659, testNormal: 962, testDefective: 1200))

  static let btad = KnownDataset(
    key: "btad", name: "BTAD (beanTech)",
    source: "https://github.com/pankajmishra000/VT-ADL", licence: "CC BY-SA 4.0",
    layouts: ["BTAD"],
    categories: ["01": Counts(), "02": Counts(), "03": Counts()],
    total: Counts(train: 1799, testNormal: 451, testDefective: 290))

  static let mpdd = KnownDataset(
    key: "mpdd", name: "MPDD (metal parts)", source: "https://github.com/stepanje/MPDD",
    licence: nonCommercial + ", as commonly cited", layouts: [MVTecLayout.name],
    categories: [
      "bracket_black": Counts(), "bracket_brown": Counts(), "bracket_white": Counts(),
      "connector": Counts(), "metal_plate": Counts(train: 54, testNormal: 26, testDefective: 71),
      "tubes": Counts(),
    ],
    total: Counts(train: 888, testNormal: 176, testDefective: 282))

  static let kolektor = KnownDataset(
    key: "kolektor-sdd", name: "KolektorSDD",
    source: "https://www.vicos.si/resources/kolektorsdd/", licence: nonCommercial,
    layouts: [KolektorLayout.first])

  static let kolektor2 = KnownDataset(
    key: "kolektor-sdd2", name: "KolektorSDD2",
    source: "https://www.vicos.si/resources/kolektorsdd2/", licence: nonCommercial,
    layouts: [KolektorLayout.second],
    total: Counts(train: 2085, testNormal: 894, testDefective: 110))

  static let dagm = KnownDataset(
    key: "dagm-2007", name: "DAGM 2007",
    source:
      "https://hci.iwr.uni-heidelberg.de/content/weakly-supervised-learning-industrial-optical-inspection",
    licence: "unknown; ask its authors", layouts: [DAGMLayout.name],
    categories: Dictionary(uniqueKeysWithValues: (1...10).map { ("Class\($0)", Counts()) }),
    total: Counts(test: 8050))

  static let realIAD = KnownDataset(
    key: "real-iad", name: "Real-IAD", source: "https://realiad4ad.github.io/Real-IAD/",
    licence: nonCommercial, layouts: [RealIADLayout.name],
    categories: Dictionary(
      uniqueKeysWithValues: [
        "audiojack", "bottle_cap", "button_battery", "end_cap", "eraser", "fire_hood", "mint",
        "mounts", "pcb", "phone_battery", "plastic_nut", "plastic_plug", "porcelain_doll",
        "regulator", "rolled_strip_base", "sim_card_set", "switch", "tape", "terminalblock",
        "toothbrush", "toy", "toy_brick", "transistor1", "u_block", "usb", "usb_adaptor", "vcpill",
        "wooden_beads", "woodstick", "zipper",
      ].map { ($0, Counts()) }))

  static let oct = KnownDataset(
    key: "oct-2017", name: "OCT-2017 (retina)",
    source: "https://data.mendeley.com/datasets/rscbjbr9sj",
    licence: "CC BY 4.0", layouts: [OCTLayout.name])
}

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
