import Foundation
import NormaFiles

/// Reads a data set as its user has it on disk, whichever of the layouts it has.
public enum DatasetReader {
  /// Whether the mask at a path marks nothing; what it throws is the reason for which the picture that
  /// it belongs to cannot be used.
  public typealias MaskProbe = (_ path: String) throws -> Bool

  /// - Parameters:
  ///   - path: a table (`.csv`), a folder that holds exactly one, a folder in MVTec AD's,
  ///     MVTec LOCO AD's, MVTec 3D-AD's or BTAD's layout (of several categories or of one), in VisA's,
  ///     OCT-2017's, DAGM's, Real-IAD's or a Kolektor data set's, or a plain folder of normal pictures.
  ///   - isEmptyMask: looks into a mask. Only the Kolektor data sets need it: they give every picture a
  ///     mask and say in no other way which are defective. This library decodes no pictures; `Norma`'s
  ///     `PictureReader.isEmptyMask` does. Without it these data sets are refused, and all others read.
  ///   - folders: how plain folders side by side are read whose names allow two readings, such as `OK` and
  ///     `NG`; nil: that is asked, by an error that names both. Other layouts leave nothing to ask.
  /// - Throws: `DatasetProblem` or `FileProblem` when nothing can be read at all. Single files that
  ///   cannot be used do not throw; they are named in `Dataset.unusable`.
  public static func read(
    _ path: String, isEmptyMask: MaskProbe? = nil, folders: FolderReading? = nil
  ) throws -> Dataset {
    let source = FilePath.absolute(path)
    guard FilePath.isFolder(source) else { return try readFile(source) }
    let listing = try FolderListing(source)
    return try checked(
      publicDataset(source, listing, isEmptyMask) ?? ownDataset(source, listing, folders))
  }

  /// In a layout that only one public data set has; nil for none.
  private static func publicDataset(
    _ source: String, _ listing: FolderListing, _ isEmptyMask: MaskProbe?
  ) throws -> Dataset? {
    if OCTLayout.isDataset(source, listing) { return OCTLayout.read(source, listing) }
    if VisALayout.isDataset(source, listing) { return try VisALayout.read(source) }
    if RealIADLayout.isDataset(listing) { return try RealIADLayout.read(source, listing) }
    if KolektorLayout.isSecond(source, listing) {
      return try KolektorLayout.readSecond(
        source, isEmptyMask: needed(isEmptyMask, source, KolektorLayout.second))
    }
    let items = KolektorLayout.items(in: source, listing)
    if !items.isEmpty {
      return try KolektorLayout.readFirst(
        source, items: items, isEmptyMask: needed(isEmptyMask, source, KolektorLayout.first))
    }
    if DAGMLayout.isCategory(source, listing) { return DAGMLayout.readCategory(source) }
    let textures = DAGMLayout.categories(in: source, listing)
    if !textures.isEmpty { return DAGMLayout.read(source, categories: textures) }
    if MVTec3DLayout.isCategory(source) { return MVTec3DLayout.readCategory(source) }
    let objects = listing.folders.filter { MVTec3DLayout.isCategory(source + "/" + $0) }
    return objects.isEmpty ? nil : MVTec3DLayout.read(source, categories: objects)
  }

  private static func needed(
    _ isEmptyMask: MaskProbe?, _ source: String, _ layout: String
  ) throws -> MaskProbe {
    guard let isEmptyMask else {
      throw DatasetProblem(
        "\(source): only the masks of \(layout) say which pictures are defective, and nothing was "
          + "given that decodes them; read it with an isEmptyMask such as PictureReader's")
    }
    return isEmptyMask
  }

  private static func ownDataset(
    _ source: String, _ listing: FolderListing, _ folders: FolderReading?
  ) throws -> Dataset {
    if MVTecLayout.isCategory(source, listing) { return try MVTecLayout.readCategory(source) }
    if let categories = MVTecLayout.categories(in: source, listing) {
      return MVTecLayout.read(source, categories: categories, listing)
    }
    if let table = onlyTable(listing) { return try TableLayout.read(source + "/" + table) }
    if folders != .categories {
      let sorted = SortedLayout.categories(in: source, listing)
      if !sorted.isEmpty { return SortedLayout.read(source, categories: sorted, listing) }
    }
    if folders == .defects { return try SortedLayout.readCategory(source, listing) }
    return try FolderLayout.read(source, listing, folders)
  }

  private static func readFile(_ source: String) throws -> Dataset {
    if source.lowercased().hasSuffix(".csv") { return try checked(TableLayout.read(source)) }
    guard FilePath.exists(source) else {
      throw FileProblem(path: source, reason: "there is no such file or folder")
    }
    throw DatasetProblem("\(source): a data set is a folder or a table (.csv), not a single file")
  }

  private static func onlyTable(_ listing: FolderListing) -> String? {
    let tables = listing.files.filter {
      $0.lowercased().hasSuffix(".csv") && !$0.hasPrefix(".")
    }
    return tables.count == 1 ? tables[0] : nil
  }

  private static func checked(_ dataset: Dataset) throws -> Dataset {
    guard dataset.samples.isEmpty else { return dataset }
    var text = "\(dataset.source): no usable picture was found here"
    if let first = dataset.unusable.first {
      text += " (\(counted(dataset.unusable.count, "file")) cannot be used, for instance "
      text += "\(FilePath.relative(first.path, to: dataset.root)): \(first.reason))"
    }
    for note in dataset.notes.prefix(5) { text += "\n  \(note)" }
    throw DatasetProblem(text + "\n" + layoutHelp)
  }

  static let layoutHelp = """
    A data set is one of
      MVTec AD's layout  CATEGORY/train/good/*, CATEGORY/test/good/*, CATEGORY/test/DEFECT/*,
                         CATEGORY/ground_truth/DEFECT/NAME_mask.png
      BTAD's layout      the same with ok for good, and masks named as their pictures
      OCT-2017's layout  train/NORMAL/*, test/NORMAL/*, test/DISEASE/*
      others' layouts    MVTec LOCO AD, MVTec 3D-AD, VisA, DAGM, Real-IAD, KolektorSDD 1 and 2
      a plain folder     CATEGORY/* or pictures directly; all are taken as normal
      sorted folders     CATEGORY/OK/*, CATEGORY/NG/*, CATEGORY/mask/*, by whatever names say so
      a table            a .csv file whose first line is path,category,split,label,mask
    with pictures in \(PictureFormat.readable(or: "or")).
    """

  static let testHelp =
    "test pictures lie in CATEGORY/test/good and CATEGORY/test/DEFECT (MVTec AD's layout), or are "
    + "rows of a table whose split is test"
}

/// Collects a data set while a layout is walked: looks into each file once and sorts it into
/// samples and unusable files.
struct DatasetBuilder {
  let root: String
  let layout: String
  private(set) var samples: [Sample] = []
  private(set) var categories: Set<String> = []
  private(set) var unusable: [UnusableFile] = []
  private(set) var remarks: [DatasetRemark] = []

  init(root: String, layout: String) {
    self.root = root
    self.layout = layout
  }

  func dataset(source: String? = nil) -> Dataset {
    Dataset(
      root: root, source: source, layout: layout, samples: samples,
      categories: Array(categories), unusable: unusable, remarks: remarks)
  }

  mutating func add(category: String) { categories.insert(category) }

  mutating func note(_ text: String, category: String? = nil) {
    remarks.append(DatasetRemark(category: category, text))
  }

  /// Names the pictures among files that lie where the layout has none: nothing is passed over in silence.
  mutating func notePictures(
    among files: [String], in folder: String, category: String? = nil
  ) {
    let names = files.filter {
      !$0.hasPrefix(".") && PictureFormat.looksLikePicture(folder + "/" + $0)
    }
    guard !names.isEmpty else { return }
    let shown = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
    note(
      "\(FilePath.relative(folder, to: root)): \(counted(names.count, "picture")) in the folder itself "
        + "not read (\(shown))", category: category)
  }

  mutating func refuse(
    _ path: String, _ reason: String, category: String? = nil, split: Split? = nil
  ) {
    unusable.append(
      UnusableFile(path: path, reason: reason, category: category, split: split))
  }

  /// The folder's entries; nil, and the folder named as unusable, when it cannot be opened.
  mutating func list(
    _ folder: String, category: String? = nil, split: Split? = nil
  ) -> FolderListing? {
    do {
      let listing = try FolderListing(folder)
      for name in listing.unreadableNames {
        refuse(
          folder + "/" + name, "its name is not valid UTF-8; rename it", category: category,
          split: split)
      }
      return listing
    } catch {
      refuse(folder, reason(error), category: category, split: split)
      return nil
    }
  }

  /// Whether a file is a picture by its first bytes; if not, it is named as unusable.
  mutating func isPicture(_ path: String, category: String, split: Split) -> Bool {
    if FilePath.name(path).hasPrefix(".") {
      refuse(
        path, "a hidden file (its name begins with a dot)", category: category, split: split)
      return false
    }
    do {
      _ = try PictureFormat.of(path)
      return true
    } catch {
      refuse(path, reason(error), category: category, split: split)
      return false
    }
  }

  mutating func add(_ sample: Sample) {
    categories.insert(sample.category)
    samples.append(sample)
  }

  /// All pictures directly in a folder, which share category, split and label.
  /// - Parameters:
  ///   - masks: paths by the stem of the picture's name, one or several each.
  ///   - notesFolders: whether folders in it are noted as not read.
  mutating func addPictures(
    in folder: String, category: String, split: Split, label: Label,
    masks: ByName<[String]> = ByName(), notesFolders: Bool = true
  ) {
    guard let listing = list(folder, category: category, split: split) else { return }
    let shown = FilePath.relative(folder, to: root)
    if notesFolders, let inner = listing.folders.first(where: { !$0.hasPrefix(".") }) {
      let more = listing.folders.count > 1 ? ", …" : ""
      note("\(shown): folders inside it are not read (\(inner)\(more))", category: category)
    }
    var stems = ByName<String>()
    for name in listing.files {
      let path = folder + "/" + name
      guard isPicture(path, category: category, split: split) else { continue }
      let stem = FilePath.stem(name)
      if let other = stems[stem] {
        note("\(shown): \(other) and \(name) share a name, and so a mask", category: category)
      }
      stems[stem] = name
      let marks = masks[stem] ?? []
      add(
        Sample(
          path: path, category: category, split: split, label: label, mask: marks.first,
          moreMasks: marks.count > 1 ? Array(marks.dropFirst()) : nil))
    }
  }

  private func reason(_ error: any Error) -> String {
    (error as? FileProblem)?.reason ?? "\(error)"
  }
}

/// Values by file names, which are told apart by their bytes: names that look alike may be written differently
/// (é as one letter, or as e and an accent) and be two files, but are the same key as text.
struct ByName<Value> {
  private var values: [[UInt8]: Value] = [:]

  init() {}

  /// Of a name that comes twice, the first value.
  init(_ pairs: some Sequence<(String, Value)>) {
    for (name, value) in pairs where self[name] == nil { self[name] = value }
  }

  subscript(name: String) -> Value? {
    get { values[Array(name.utf8)] }
    set { values[Array(name.utf8)] = newValue }
  }

  /// Sorted.
  var names: [String] { values.keys.map { String(decoding: $0, as: UTF8.self) }.sorted() }
}
