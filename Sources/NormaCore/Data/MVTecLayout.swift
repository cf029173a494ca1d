import NormaFiles

/// MVTec AD's layout: `CATEGORY/train/good`, `CATEGORY/test/good`, `CATEGORY/test/DEFECT` and
/// `CATEGORY/ground_truth/DEFECT/NAME_mask.png`. Masks may be missing.
///
/// BTAD's is the same by other names: `ok` for `good`, `ko` for a defect, and masks that are called as
/// their pictures. So are the masks that VisA's script makes. MVTec LOCO AD has a folder of masks for
/// each picture, `CATEGORY/ground_truth/KIND/NAME/*.png`, which together mark its defect.
enum MVTecLayout {
  static let name = "MVTec AD"
  static let loco = "MVTec LOCO AD"
  /// With masks that are called as their pictures.
  static let plainMasks = "MVTec AD, plain masks"

  /// What a category calls its parts.
  private struct Naming {
    var layout: String
    /// The folder of normal pictures in `train`.
    var good: String
    /// The same in `test`.
    var testGood: String
    /// What a mask's name has after its picture's.
    var maskSuffix: String
    var train: String
    var test: String
    var truth: String

    /// BTAD's where the category trains on `ok` and has no `good`; LOCO's by its kinds of defect; plain
    /// masks where there is one kind, `bad`, and no mask's name ends as MVTec AD's do. Capitals, as `Train/Good`,
    /// are read as small letters, and where there is neither, another word for good is.
    init(ofCategory folder: String) {
      func folders(_ name: String) -> [String] {
        (try? FolderListing(folder + "/" + name))?.folders ?? []
      }
      let parts = (try? FolderListing(folder))?.folders ?? []
      train = MVTecLayout.spelled("train", in: parts)
      test = MVTecLayout.spelled("test", in: parts)
      truth = MVTecLayout.spelled("ground_truth", in: parts)
      let (kinds, tested) = (folders(train), folders(test))
      (layout, good, maskSuffix) = (MVTecLayout.name, "good", "_mask")
      if kinds.contains("ok") && !kinds.contains("good") {
        (layout, good, maskSuffix) = ("BTAD", "ok", "")
      } else if tested.contains("logical_anomalies") {
        layout = MVTecLayout.loco
      } else if let masks = (try? FolderListing(folder + "/\(truth)/bad"))?.files,
        !masks.isEmpty, !masks.contains(where: { FilePath.stem($0).hasSuffix("_mask") })
      {
        (layout, maskSuffix) = (MVTecLayout.plainMasks, "")
      }
      testGood = Self.good(good, among: tested)
      good = Self.good(good, among: kinds)
    }

    /// The folder of normal pictures among those there: as the layout calls it, in other letters, or the
    /// only one whose name means it.
    private static func good(_ name: String, among folders: [String]) -> String {
      let spelled = MVTecLayout.spelled(name, in: folders)
      let meant = folders.filter { FolderMeaning($0) == .normal }
      return folders.contains(spelled) || meant.count != 1 ? spelled : meant[0]
    }
  }

  /// The folder of that name, or the one that is called so but for capitals.
  private static func spelled(_ name: String, in folders: [String]) -> String {
    folders.contains(name) ? name : folders.first { $0.lowercased() == name } ?? name
  }

  /// The layout's name; MVTec AD's when the categories do not agree.
  private static func layout(_ folders: [String]) -> String {
    let names = Set(folders.map { Naming(ofCategory: $0).layout })
    return names.count == 1 ? names.first ?? name : name
  }

  /// A folder with a `train` or a `test`; in capitals, where a folder of good pictures is in it: a product may
  /// be called Test.
  static func isCategory(_ folder: String, _ listing: FolderListing) -> Bool {
    ["train", "test"].contains { part in
      let name = spelled(part, in: listing.folders)
      guard name != part else { return listing.folders.contains(part) }
      return (try? FolderListing(folder + "/" + name))?.folders
        .contains { FolderMeaning($0) == .normal } == true
    }
  }

  /// The sub-folders that are categories; nil when none is.
  static func categories(in root: String, _ listing: FolderListing) -> [String]? {
    let found = listing.folders.filter { name in
      let folder = root + "/" + name
      guard !name.hasPrefix("."), let inner = try? FolderListing(folder) else { return false }
      return isCategory(folder, inner)
    }
    return found.isEmpty ? nil : found
  }

  static func read(_ root: String, categories: [String], _ listing: FolderListing) -> Dataset {
    var builder = DatasetBuilder(
      root: root, layout: layout(categories.map { root + "/" + $0 }))
    builder.notePictures(among: listing.files, in: root)
    let others = listing.folders.filter { !categories.contains($0) && !$0.hasPrefix(".") }
    for other in others {
      let path = root + "/" + other
      if builder.list(path) != nil {
        builder.note("\(other) is not a category: it has no folder train or test")
      }
    }
    for category in categories {
      addCategory(category, at: root + "/" + category, to: &builder)
    }
    return builder.dataset()
  }

  /// The folder is one category itself.
  static func readCategory(_ folder: String) throws -> Dataset {
    // Paths stay relative to the folder above, as they are when it is read as one of several.
    var builder = DatasetBuilder(root: FilePath.parent(folder), layout: layout([folder]))
    addCategory(FilePath.name(folder), at: folder, to: &builder)
    return builder.dataset(source: folder)
  }

  private static func addCategory(
    _ category: String, at folder: String, to builder: inout DatasetBuilder
  ) {
    builder.add(category: category)
    guard let listing = builder.list(folder, category: category) else { return }
    let naming = Naming(ofCategory: folder)
    builder.notePictures(among: listing.files, in: folder, category: category)
    for split in listing.folders {
      switch split {
      case naming.train: addTraining(category, naming, at: folder + "/" + split, to: &builder)
      case naming.test: addTest(category, naming, at: folder, to: &builder)
      case naming.truth: break
      default:
        if !split.hasPrefix(".") {
          builder.note(
            "\(category)/\(split) is not used; train, test and ground_truth are",
            category: category)
        }
      }
    }
  }

  private static func addTraining(
    _ category: String, _ naming: Naming, at folder: String, to builder: inout DatasetBuilder
  ) {
    guard let listing = builder.list(folder, category: category, split: .train) else { return }
    let good = naming.good
    for file in listing.files where !file.hasPrefix(".") {
      builder.refuse(
        folder + "/" + file,
        "it lies in \(naming.train) itself; normal pictures belong in \(naming.train)/\(good)",
        category: category, split: .train)
    }
    for kind in listing.folders where kind != good && !kind.hasPrefix(".") {
      builder.note(
        "\(category)/\(naming.train)/\(kind) is not used; normal pictures to train on belong in "
          + "\(naming.train)/\(good)", category: category)
    }
    if listing.folders.contains(good) {
      builder.addPictures(
        in: folder + "/" + good, category: category, split: .train, label: .normal)
    }
  }

  private static func addTest(
    _ category: String, _ naming: Naming, at folder: String, to builder: inout DatasetBuilder
  ) {
    let (test, good) = (naming.test, naming.testGood)
    guard let listing = builder.list(folder + "/" + test, category: category, split: .test) else {
      return
    }
    for file in listing.files where !file.hasPrefix(".") {
      builder.refuse(
        "\(folder)/\(test)/\(file)",
        "it lies in \(test) itself; pictures belong in \(test)/\(good) or \(test)/DEFECT",
        category: category, split: .test)
    }
    for kind in listing.folders where !kind.hasPrefix(".") {
      let isGood = kind == good
      if !isGood, FolderMeaning(kind) == .normal {
        builder.note(
          "\(category)/\(test)/\(kind) is taken as a kind of defect; normal pictures belong in "
            + "\(test)/\(good)", category: category)
      }
      let masks = isGood ? ByName() : masks(of: kind, category, naming, at: folder, &builder)
      let before = builder.samples.count
      builder.addPictures(
        in: "\(folder)/\(test)/\(kind)", category: category, split: .test,
        label: isGood ? .normal : .anomalous(kind), masks: masks)
      guard !isGood else { continue }
      compare(
        masks, with: builder.samples[before...], naming.truth + "/" + kind, category, &builder)
    }
  }

  /// Masks by the stem of the picture that they belong to.
  private static func masks(
    of kind: String, _ category: String, _ naming: Naming, at folder: String,
    _ builder: inout DatasetBuilder
  ) -> ByName<[String]> {
    let path = "\(folder)/\(naming.truth)/\(kind)"
    guard FilePath.isFolder(path),
      let listing = builder.list(path, category: category, split: .test)
    else { return ByName() }
    var masks = ByName<[String]>()
    for name in listing.folders {
      let inner = path + "/" + name
      let marks = builder.list(inner, category: category, split: .test)?.files ?? []
      masks[name] = marks.map { inner + "/" + $0 }.filter {
        builder.isPicture($0, category: category, split: .test)
      }
    }
    for file in listing.files {
      guard builder.isPicture(path + "/" + file, category: category, split: .test) else { continue }
      let stem = FilePath.stem(file)
      guard stem.hasSuffix(naming.maskSuffix) else {
        builder.refuse(
          path + "/" + file, "not taken as a mask: its name does not end in \(naming.maskSuffix)",
          category: category, split: .test)
        continue
      }
      masks[String(stem.dropLast(naming.maskSuffix.count))] = [path + "/" + file]
    }
    return masks
  }

  /// Notes masks without a picture, and pictures without a mask where others have one.
  private static func compare(
    _ masks: ByName<[String]>, with samples: ArraySlice<Sample>, _ place: String,
    _ category: String, _ builder: inout DatasetBuilder
  ) {
    let place = "\(category)/\(place)"
    let pictures = ByName(samples.map { (FilePath.stem($0.path), true) })
    let orphans = masks.names.filter { pictures[$0] == nil }
    if let first = orphans.first {
      builder.note(
        "\(place): \(counted(orphans.count, "mask")) without a picture (\(first), …)",
        category: category)
    }
    let bare = samples.filter { $0.mask == nil }
    if let first = bare.first {
      builder.note(
        "\(place): \(bare.count) of \(counted(samples.count, "picture")) "
          + "have no mask (\(FilePath.name(first.path)), …); pixel metrics leave them out",
        category: category)
    }
  }
}
