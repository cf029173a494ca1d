import NormaFiles

/// A folder of somebody's own pictures, all taken as normal and to train on: each sub-folder is a
/// category, or the pictures lie in the folder itself, which then is the only category.
enum FolderLayout {
  static let name = "folder"

  static func read(_ root: String, _ listing: FolderListing) throws -> Dataset {
    var inner = DatasetBuilder(root: root, layout: name)
    for folder in listing.folders where !folder.hasPrefix(".") {
      inner.add(category: folder)
      inner.addPictures(
        in: root + "/" + folder, category: folder, split: .train, label: .normal)
    }
    var direct = DatasetBuilder(root: root, layout: name)
    direct.addPictures(
      in: root, category: FilePath.name(root), split: .train, label: .normal)
    if direct.samples.isEmpty { return inner.adding(unusable: direct.unusable).dataset() }
    guard inner.samples.isEmpty else {
      throw DatasetProblem(
        "\(root): pictures lie in the folder itself (\(direct.samples.count)) and in its "
          + "sub-folders (\(inner.samples.count)), so it is not clear what the categories are; "
          + "either move the pictures into a sub-folder of their own, or name one sub-folder")
    }
    return direct.dataset()
  }
}

extension DatasetBuilder {
  fileprivate func adding(unusable files: [UnusableFile]) -> DatasetBuilder {
    var result = self
    for file in files { result.refuse(file.path, file.reason, split: file.split) }
    return result
  }
}
