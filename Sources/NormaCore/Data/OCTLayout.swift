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
