import NormaFiles

/// DAGM 2007's layout: `ClassN/Train/*.PNG` and `ClassN/Test/*.PNG`, and for defective pictures
/// `Label/NAME_label.PNG` beside them. A picture without a label is normal.
///
/// Normal pictures of `Train` are trained on; the defective ones there are left out, since nothing is
/// learned from defects.
enum DAGMLayout {
  static let name = "DAGM"

  static func isCategory(_ listing: FolderListing) -> Bool {
    listing.folders.contains("Train") && listing.folders.contains("Test")
  }

  static func categories(in root: String, _ listing: FolderListing) -> [String] {
    listing.folders.filter { name in
      (try? FolderListing(root + "/" + name)).map(isCategory) ?? false
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
    let masks = Dictionary(
      labels.filter { FilePath.stem($0).hasSuffix("_label") }
        .map { (String(FilePath.stem($0).dropLast("_label".count)), folder + "/Label/" + $0) },
      uniquingKeysWith: { first, _ in first })
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
