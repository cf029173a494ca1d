import NormaFiles

/// OCT-2017's layout (Kermany et al., "Identifying medical diagnoses and treatable diseases by
/// image-based deep learning", 2018): `train/NORMAL`, `test/NORMAL`, and one folder for each disease
/// (`CNV`, `DME`, `DRUSEN`) beside them. There are no masks. The folder is the only category.
///
/// Normal pictures of `train` are trained on; the diseased ones there are left out, since nothing is
/// learned from defects.
enum OCTLayout {
  static let name = "OCT-2017"
  private static let normal = "NORMAL"

  /// A folder whose `train` and `test` both have a `NORMAL`.
  static func isDataset(_ root: String, _ listing: FolderListing) -> Bool {
    ["train", "test"].allSatisfy { split in
      listing.folders.contains(split)
        && (try? FolderListing(root + "/" + split))?.folders.contains(normal) == true
    }
  }

  static func read(_ root: String, _ listing: FolderListing) -> Dataset {
    let category = FilePath.name(root)
    var builder = DatasetBuilder(root: root, layout: name)
    builder.add(category: category)
    builder.notePictures(among: listing.files, in: root, category: category)
    for split in listing.folders where !split.hasPrefix(".") {
      switch split {
      case "train": addTraining(category, at: root + "/train", to: &builder)
      case "test": addTest(category, at: root + "/test", to: &builder)
      default: builder.note("\(split) is not used; train and test are", category: category)
      }
    }
    return builder.dataset()
  }

  private static func addTraining(
    _ category: String, at folder: String, to builder: inout DatasetBuilder
  ) {
    guard let listing = builder.list(folder, category: category, split: .train) else { return }
    for kind in listing.folders where kind != normal && !kind.hasPrefix(".") {
      builder.note(
        "train/\(kind) is not used: only normal pictures are trained on", category: category)
    }
    builder.addPictures(
      in: folder + "/" + normal, category: category, split: .train, label: .normal)
  }

  private static func addTest(
    _ category: String, at folder: String, to builder: inout DatasetBuilder
  ) {
    guard let listing = builder.list(folder, category: category, split: .test) else { return }
    for kind in listing.folders where !kind.hasPrefix(".") {
      builder.addPictures(
        in: folder + "/" + kind, category: category, split: .test,
        label: kind == normal ? .normal : .anomalous(kind))
    }
  }
}

/// DAGM 2007's layout: `ClassN/Train/*.PNG` and `ClassN/Test/*.PNG`, and for defective pictures
/// `Label/NAME_label.PNG` beside them. A picture without a label is normal.
///
/// Normal pictures of `Train` are trained on; the defective ones there are left out, since nothing is
/// learned from defects.
enum DAGMLayout {
  static let name = "DAGM"

  /// A folder of somebody's own that only writes MVTec AD's `train/good` in capitals is none.
  static func isCategory(_ folder: String, _ listing: FolderListing) -> Bool {
    listing.folders.contains("Train") && listing.folders.contains("Test")
      && !MVTecLayout.isCategory(folder, listing)
  }

  static func categories(in root: String, _ listing: FolderListing) -> [String] {
    listing.folders.filter { name in
      let folder = root + "/" + name
      return (try? FolderListing(folder)).map { isCategory(folder, $0) } ?? false
    }
  }

  static func read(_ root: String, categories: [String]) -> Dataset {
    var builder = DatasetBuilder(root: root, layout: name)
    for category in categories { add(category, at: root + "/" + category, to: &builder) }
    return builder.dataset()
  }

  static func readCategory(_ folder: String) -> Dataset {
    var builder = DatasetBuilder(root: FilePath.parent(folder), layout: name)
    add(FilePath.name(folder), at: folder, to: &builder)
    return builder.dataset(source: folder)
  }

  private static func add(
    _ category: String, at folder: String, to builder: inout DatasetBuilder
  ) {
    builder.add(category: category)
    add(category, .train, at: folder + "/Train", to: &builder)
    add(category, .test, at: folder + "/Test", to: &builder)
  }

  private static func add(
    _ category: String, _ split: Split, at folder: String, to builder: inout DatasetBuilder
  ) {
    guard let listing = builder.list(folder, category: category, split: split) else { return }
    let labels =
      listing.folders.contains("Label")
      ? builder.list(folder + "/Label", category: category, split: split)?.files ?? [] : []
    let masks = ByName(
      labels.filter { FilePath.stem($0).hasSuffix("_label") }
        .map { (String(FilePath.stem($0).dropLast("_label".count)), folder + "/Label/" + $0) })
    var left = 0
    for file in listing.files {
      let path = folder + "/" + file
      let mask = masks[FilePath.stem(file)]
      if split == .train, mask != nil {
        left += 1
        continue
      }
      guard builder.isPicture(path, category: category, split: split) else { continue }
      builder.add(
        Sample(
          path: path, category: category, split: split,
          label: mask == nil ? .normal : .anomalous("defect"), mask: mask))
    }
    if left > 0 {
      builder.note(
        "\(category)/Train: \(counted(left, "defective picture")) left out; only normal pictures "
          + "are trained on", category: category)
    }
  }
}

/// MVTec 3D-AD's layout, of which the colour pictures are read: `CATEGORY/train/good/rgb`,
/// `CATEGORY/test/KIND/rgb` and, with the same names, the masks `CATEGORY/test/KIND/gt`. The heights
/// (`xyz`) and the validation pictures are left out.
enum MVTec3DLayout {
  static let name = "MVTec 3D-AD (RGB)"

  static func isCategory(_ folder: String) -> Bool {
    FilePath.isFolder(folder + "/train/good/rgb") || FilePath.isFolder(folder + "/test/good/rgb")
  }

  static func read(_ root: String, categories: [String]) -> Dataset {
    var builder = DatasetBuilder(root: root, layout: name)
    for category in categories { add(category, at: root + "/" + category, to: &builder) }
    return builder.dataset()
  }

  static func readCategory(_ folder: String) -> Dataset {
    var builder = DatasetBuilder(root: FilePath.parent(folder), layout: name)
    add(FilePath.name(folder), at: folder, to: &builder)
    return builder.dataset(source: folder)
  }

  private static func add(
    _ category: String, at folder: String, to builder: inout DatasetBuilder
  ) {
    builder.add(category: category)
    if FilePath.isFolder(folder + "/validation") {
      builder.note("\(category)/validation is not used; train and test are", category: category)
    }
    if FilePath.isFolder(folder + "/train/good/rgb") {
      builder.addPictures(
        in: folder + "/train/good/rgb", category: category, split: .train, label: .normal)
    }
    let test = folder + "/test"
    guard FilePath.isFolder(test),
      let listing = builder.list(test, category: category, split: .test)
    else { return }
    for kind in listing.folders where !kind.hasPrefix(".") {
      let isGood = kind == "good"
      var masks = ByName<[String]>()
      let truth = "\(test)/\(kind)/gt"
      if !isGood, FilePath.isFolder(truth),
        let found = builder.list(truth, category: category, split: .test)
      {
        for file in found.files
        where builder.isPicture(truth + "/" + file, category: category, split: .test) {
          masks[FilePath.stem(file)] = [truth + "/" + file]
        }
      }
      builder.addPictures(
        in: "\(test)/\(kind)/rgb", category: category, split: .test,
        label: isGood ? .normal : .anomalous(kind), masks: masks)
    }
  }
}

/// VisA's layout as it is unpacked (Zou et al., "SPot-the-Difference", 2022): `split_csv/1cls.csv` names
/// each picture with its category, split, label and mask; pictures lie in
/// `CATEGORY/Data/Images/{Normal,Anomaly}`, masks in `CATEGORY/Data/Masks/Anomaly`.
///
/// What the authors' own script makes of it, `1cls/CATEGORY/{train,test,ground_truth}`, is MVTec AD's
/// layout, with masks that are called as their pictures.
enum VisALayout {
  static let name = "VisA"
  private static let table = "split_csv/1cls.csv"

  static func isDataset(_ root: String, _ listing: FolderListing) -> Bool {
    listing.folders.contains("split_csv") && FilePath.exists(root + "/" + table)
  }

  /// - Throws: `DatasetProblem` that lists the first lines which are wrong, with their numbers.
  static func read(_ root: String) throws -> Dataset {
    try TableLayout.read(
      root + "/" + table, root: root, layout: name, source: root,
      otherNames: ["object": "category", "image": "path"])
  }
}
