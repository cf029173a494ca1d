import NormaFiles

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
