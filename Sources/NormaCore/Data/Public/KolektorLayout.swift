import NormaFiles

/// The layouts of the two Kolektor Surface-Defect Datasets. Every picture has a mask, and a picture
/// whose mask is empty is normal; so the masks are looked into.
///
/// KolektorSDD (Tabernik et al., 2020): `kosNN/PartM.jpg` and `kosNN/PartM_label.bmp`, without a split.
/// Here the items (`kosNN`) are split: every fourth is tested with, the normal pictures of the others
/// are trained on, and their defective ones are tested with too, so that no item is on both sides with
/// normal pictures.
///
/// KolektorSDD2 (Božič et al., 2021): `train/N.png` and `train/N_GT.png`, and likewise in `test`. Normal
/// pictures of `train` are trained on; the defective ones there are left out.
enum KolektorLayout {
  static let first = "KolektorSDD"
  static let second = "KolektorSDD2"

  // MARK: KolektorSDD

  /// The items of a KolektorSDD.
  static func items(in root: String, _ listing: FolderListing) -> [String] {
    listing.folders.filter { name in
      name.hasPrefix("kos")
        && (try? FolderListing(root + "/" + name))?.files
          .contains { FilePath.stem($0).hasSuffix("_label") } == true
    }
  }

  static func readFirst(
    _ root: String, items: [String], isEmptyMask: DatasetReader.MaskProbe
  ) -> Dataset {
    let category = FilePath.name(root)
    var builder = DatasetBuilder(root: root, layout: first)
    builder.add(category: category)
    builder.note(
      "it has no split of its own: every fourth item is tested with, and all defective pictures are",
      category: category)
    for (number, item) in items.enumerated() {
      let split: Split = number % 4 == 3 ? .test : .train
      add(
        folder: root + "/" + item, maskSuffix: "_label", category, to: &builder,
        normal: split, defective: .test, isEmptyMask)
    }
    return builder.dataset()
  }

  // MARK: KolektorSDD2

  static func isSecond(_ root: String, _ listing: FolderListing) -> Bool {
    ["train", "test"].allSatisfy { split in
      listing.folders.contains(split)
        && (try? FolderListing(root + "/" + split))?.files
          .contains { FilePath.stem($0).hasSuffix("_GT") } == true
    }
  }

  static func readSecond(
    _ root: String, isEmptyMask: DatasetReader.MaskProbe
  ) -> Dataset {
    let category = FilePath.name(root)
    var builder = DatasetBuilder(root: root, layout: second)
    builder.add(category: category)
    add(
      folder: root + "/train", maskSuffix: "_GT", category, to: &builder,
      normal: .train, defective: nil, isEmptyMask)
    add(
      folder: root + "/test", maskSuffix: "_GT", category, to: &builder,
      normal: .test, defective: .test, isEmptyMask)
    return builder.dataset()
  }

  // MARK: Both

  /// - Parameter defective: nil leaves defective pictures out.
  private static func add(
    folder: String, maskSuffix: String, _ category: String, to builder: inout DatasetBuilder,
    normal: Split, defective: Split?, _ isEmptyMask: DatasetReader.MaskProbe
  ) {
    guard let listing = builder.list(folder, category: category, split: normal) else { return }
    let masks = ByName(
      listing.files.filter { FilePath.stem($0).hasSuffix(maskSuffix) }
        .map { (String(FilePath.stem($0).dropLast(maskSuffix.count)), folder + "/" + $0) })
    var left = 0
    for file in listing.files where !FilePath.stem(file).hasSuffix(maskSuffix) {
      let path = folder + "/" + file
      guard builder.isPicture(path, category: category, split: normal) else { continue }
      guard let mask = masks[FilePath.stem(file)] else {
        builder.refuse(
          path,
          "it has no mask \(FilePath.stem(file))\(maskSuffix), which says whether it is normal",
          category: category, split: normal)
        continue
      }
      do {
        if try isEmptyMask(mask) {
          builder.add(Sample(path: path, category: category, split: normal, label: .normal))
        } else if let defective {
          builder.add(
            Sample(
              path: path, category: category, split: defective, label: .anomalous("defect"),
              mask: mask))
        } else {
          left += 1
        }
      } catch {
        builder.refuse(
          mask, (error as? FileProblem)?.reason ?? "\(error)", category: category, split: normal)
      }
    }
    if left > 0 {
      builder.note(
        "\(FilePath.name(folder)): \(counted(left, "defective picture")) left out; only normal "
          + "pictures are trained on", category: category)
    }
  }
}
