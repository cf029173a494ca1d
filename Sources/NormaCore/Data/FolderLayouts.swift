import Foundation
import NormaFiles

/// A folder of somebody's own pictures, all taken as normal and to train on: each sub-folder is a
/// category, or the pictures lie in the folder itself, which then is the only category.
enum FolderLayout {
  static let name = "folder"

  /// - Throws: `DatasetProblem` where it is not clear what the categories are: pictures lie in the folder and
  ///   below it, or the names of folders say that they hold defects or masks.
  static func read(
    _ root: String, _ listing: FolderListing, _ folders: FolderReading?
  ) throws -> Dataset {
    var inner = DatasetBuilder(root: root, layout: name)
    for folder in listing.folders where !folder.hasPrefix(".") {
      inner.add(category: folder)
      inner.addPictures(
        in: root + "/" + folder, category: folder, split: .train, label: .normal)
    }
    var direct = DatasetBuilder(root: root, layout: name)
    direct.addPictures(
      in: root, category: FilePath.name(root), split: .train, label: .normal)
    if folders == nil { try ask(root, inner, direct: direct.samples.count) }
    if direct.samples.isEmpty { return inner.adding(unusable: direct.unusable).dataset() }
    guard inner.samples.isEmpty else {
      throw DatasetProblem(
        "\(root): pictures lie in the folder itself (\(direct.samples.count)) and in its "
          + "sub-folders (\(inner.samples.count)), so it is not clear what the categories are; "
          + "either move the pictures into a sub-folder of their own, or name one sub-folder")
    }
    return direct.dataset()
  }

  /// Folders that are named as defects or masks are seldom products, and as normal pictures they would teach
  /// that defects are normal.
  private static func ask(_ root: String, _ inner: DatasetBuilder, direct: Int) throws {
    let counts = Dictionary(grouping: inner.samples, by: \.category).mapValues(\.count)
    let names = inner.categories.sorted()
    let suspect = names.filter { [.defect, .mask].contains(FolderMeaning($0)) }
    guard suspect.contains(where: { counts[$0] != nil }) else { return }
    func list(_ names: [String]) -> String {
      let shown = names.prefix(6).map { "\($0) (\(counts[$0] ?? 0))" }.joined(separator: ", ")
      return names.count > 6 ? shown + ", and \(names.count - 6) more" : shown
    }
    let good = names.filter { FolderMeaning($0) == .normal }
    let normal = good.isEmpty ? names.filter { !suspect.contains($0) } : good
    let normals =
      direct > 0
      ? "the pictures in the folder itself (\(direct))"
      : normal.isEmpty ? "nothing" : list(normal)
    let others = names.filter { FolderMeaning($0) != .mask && !normal.contains($0) }
    let masks = names.filter { FolderMeaning($0) == .mask }
    var tested = others.isEmpty ? "" : "; \(list(others)) are defects, tested with"
    if !masks.isEmpty { tested += "; \(list(masks)) mark where defects are" }
    throw DatasetProblem(
      """
      \(root): by their names, \(suspect.joined(separator: ", ")) hold defects or masks, so it can be read \
      in two ways. Say which:
        --layout defects     one category, \(FilePath.name(root)): \(normals) is normal and trained on\(tested)
        --layout categories  a category each, all of it normal: \(list(names))
      """)
  }
}

/// A category whose pictures somebody sorted into folders: `OK`, `NG`, `mask`, or by other words for these
/// (``FolderMeaning``). What is named as good is normal and trained on; what is named as masks marks defects, by
/// the names of their pictures; all else is a kind of defect and tested with.
enum SortedLayout {
  static let name = "good and defects"

  /// The sub-folders that have a folder of good pictures and one of defects: nothing but a category sorted
  /// so is called that.
  static func categories(in root: String, _ listing: FolderListing) -> [String] {
    listing.folders.filter { name in
      guard !name.hasPrefix("."), FolderMeaning(name) == nil else { return false }
      let inner = (try? FolderListing(root + "/" + name))?.folders.map(FolderMeaning.init) ?? []
      return inner.contains(.normal) && inner.contains(.defect)
    }
  }

  static func read(_ root: String, categories: [String], _ listing: FolderListing) -> Dataset {
    var builder = DatasetBuilder(root: root, layout: name)
    builder.notePictures(among: listing.files, in: root)
    for other in listing.folders where !categories.contains(other) && !other.hasPrefix(".") {
      builder.note("\(other) is not a category: it has no folders named as good and as defects")
    }
    for category in categories {
      let folder = root + "/" + category
      guard let inner = builder.list(folder, category: category) else { continue }
      builder.add(category: category)
      builder.notePictures(among: inner.files, in: folder, category: category)
      let normal = inner.folders.filter { FolderMeaning($0) == .normal }
      add(category, at: folder, inner.folders, normal: normal, to: &builder)
    }
    return builder.dataset()
  }

  /// The folder is one category itself: somebody said so.
  /// - Throws: `DatasetProblem` when no folder, or several that are named as nothing, could hold its normal
  ///   pictures.
  static func readCategory(_ folder: String, _ listing: FolderListing) throws -> Dataset {
    let category = FilePath.name(folder)
    var builder = DatasetBuilder(root: folder, layout: name)
    builder.add(category: category)
    builder.addPictures(
      in: folder, category: category, split: .train, label: .normal, notesFolders: false)
    let folders = listing.folders.filter { !$0.hasPrefix(".") }
    var normal = folders.filter { FolderMeaning($0) == .normal }
    if normal.isEmpty, builder.samples.isEmpty {
      normal = folders.filter { FolderMeaning($0) == nil }
      guard normal.count == 1 else {
        throw DatasetProblem(
          "\(folder): which of its folders holds the normal pictures cannot be told "
            + "(\(folders.joined(separator: ", "))); name it good")
      }
    }
    add(category, at: folder, folders, normal: normal, to: &builder)
    return builder.dataset()
  }

  private static func add(
    _ category: String, at folder: String, _ folders: [String], normal: [String],
    to builder: inout DatasetBuilder
  ) {
    for name in normal {
      builder.addPictures(
        in: folder + "/" + name, category: category, split: .train, label: .normal)
    }
    let kinds = folders.filter {
      !$0.hasPrefix(".") && !normal.contains($0) && FolderMeaning($0) != .mask
    }
    var masks = ByName<[String]>()
    let places = folders.filter { FolderMeaning($0) == .mask }.flatMap { name in
      [folder + "/" + name] + kinds.map { "\(folder)/\(name)/\($0)" }.filter(FilePath.isFolder)
    }
    for place in places {
      for file in builder.list(place, category: category, split: .test)?.files ?? []
      where builder.isPicture(place + "/" + file, category: category, split: .test) {
        masks[stem(ofMask: file)] = [place + "/" + file]
      }
    }
    let before = builder.samples.count
    for kind in kinds {
      builder.addPictures(
        in: folder + "/" + kind, category: category, split: .test, label: .anomalous(kind),
        masks: masks)
    }
    let defective = builder.samples[before...]
    builder.note(
      "\(category): \(normal.isEmpty ? "the folder itself" : normal.joined(separator: ", ")) is taken as "
        + "normal and trained on, \(kinds.isEmpty ? "nothing" : kinds.joined(separator: ", ")) as defects "
        + "and tested with"
        + (masks.names.isEmpty
          ? ""
          : "; \(defective.count { $0.mask != nil }) of \(counted(defective.count, "picture")) have a mask"),
      category: category)
  }

  /// What the picture is called that a mask belongs to.
  private static func stem(ofMask file: String) -> String {
    let stem = FilePath.stem(file)
    let suffix = ["_mask", "-mask", "_gt", "-gt", "_label", "_GT"].first { stem.hasSuffix($0) }
    return suffix.map { String(stem.dropLast($0.count)) } ?? stem
  }
}

extension DatasetBuilder {
  fileprivate func adding(unusable files: [UnusableFile]) -> DatasetBuilder {
    var result = self
    for file in files { result.refuse(file.path, file.reason, split: file.split) }
    return result
  }
}
