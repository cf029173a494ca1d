import Foundation
import NormaFiles

/// Real-IAD's layout (Wang et al., 2024): one JSON file a category says which pictures are for training
/// and which for testing, their kinds of defect and their masks. The files lie in
/// `realiad_jsons/realiad_jsons`, or in `realiad_jsons`; the pictures in `realiad_1024/CATEGORY`, or in
/// another size's folder beside it, of which the largest that is there is read.
enum RealIADLayout {
  static let name = "Real-IAD"
  private static let jsonFolders = ["realiad_jsons/realiad_jsons", "realiad_jsons"]
  private static let pictureFolders = [
    "realiad_raw", "realiad_1024", "realiad_512", "realiad_256",
  ]

  private struct Lists: Decodable {
    var train: [Entry]?
    var test: [Entry]?
  }

  private struct Entry: Decodable {
    var kind: String
    var image: String
    var mask: String?

    enum CodingKeys: String, CodingKey {
      case kind = "anomaly_class"
      case image = "image_path"
      case mask = "mask_path"
    }
  }

  static func isDataset(_ listing: FolderListing) -> Bool {
    listing.folders.contains("realiad_jsons")
  }

  /// - Throws: `DatasetProblem` when a JSON file cannot be understood, or there are none, or no
  ///   pictures.
  static func read(_ root: String, _ listing: FolderListing) throws -> Dataset {
    let folder = jsonFolders.map { root + "/" + $0 }.first { folder in
      (try? FolderListing(folder))?.files.contains { $0.hasSuffix(".json") } == true
    }
    guard let folder else {
      throw DatasetProblem("\(root)/realiad_jsons: there is no .json file of a category in it")
    }
    guard let size = pictureFolders.first(where: listing.folders.contains) else {
      throw DatasetProblem(
        "\(root): the pictures are missing; they belong in \(pictureFolders[1]), or another of "
          + pictureFolders.joined(separator: ", "))
    }
    var builder = DatasetBuilder(root: root, layout: name)
    for file in try FolderListing(folder).files where file.hasSuffix(".json") {
      try add(
        FilePath.stem(file), from: folder + "/" + file, pictures: root + "/" + size, to: &builder)
    }
    return builder.dataset()
  }

  private static func add(
    _ category: String, from file: String, pictures: String, to builder: inout DatasetBuilder
  ) throws {
    let lists: Lists
    do {
      lists = try JSONDecoder().decode(
        Lists.self, from: PosixFile(reading: file).readAll(limit: 1 << 28))
    } catch let problem as FileProblem {
      throw problem
    } catch {
      throw DatasetProblem(
        "\(file): not a list of Real-IAD's pictures: {\"train\": [{\"anomaly_class\", \"image_path\", "
          + "\"mask_path\"}, …], \"test\": […]} is expected")
    }
    guard FilePath.isFolder(pictures + "/" + category) else {
      builder.add(category: category)
      builder.note(
        "\(category): the folder \(FilePath.relative(pictures, to: builder.root))/\(category) is "
          + "missing", category: category)
      return
    }
    builder.add(category: category)
    var seen: Set<[UInt8]> = []
    for (entries, split) in [(lists.train ?? [], Split.train), (lists.test ?? [], .test)] {
      for entry in entries {
        let path = located(entry.image, category, pictures)
        if seen.insert(Array(path.utf8)).inserted {
          add(entry, at: path, split, category, pictures: pictures, to: &builder)
        } else {
          builder.refuse(
            path, "listed twice; the second time is left out", category: category, split: split)
        }
      }
    }
  }

  private static func add(
    _ entry: Entry, at path: String, _ split: Split, _ category: String, pictures: String,
    to builder: inout DatasetBuilder
  ) {
    let isNormal = entry.kind == "OK"
    guard !(split == .train && !isNormal) else {
      builder.refuse(
        path, "a defective picture (\(entry.kind)) to train on; it is left out",
        category: category, split: split)
      return
    }
    guard builder.isPicture(path, category: category, split: split) else { return }
    var sample = Sample(
      path: path, category: category, split: split,
      label: isNormal ? .normal : .anomalous(entry.kind))
    if let mask = entry.mask, !mask.isEmpty {
      let mask = located(mask, category, pictures)
      if builder.isPicture(mask, category: category, split: split) { sample.mask = mask }
    }
    builder.add(sample)
  }

  /// Paths in the lists are relative to the category's folder; nothing outside of it is looked at.
  private static func located(_ path: String, _ category: String, _ pictures: String) -> String {
    let parts = path.split(separator: "/").filter { $0 != ".." && $0 != "." }
    return pictures + "/" + category + "/" + parts.joined(separator: "/")
  }
}
