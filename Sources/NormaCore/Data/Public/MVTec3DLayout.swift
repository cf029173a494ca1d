import NormaFiles

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
      var masks: [String: [String]] = [:]
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
