import NormaFiles

/// Collects a data set while a layout is walked: looks into each file once and sorts it into
/// samples and unusable files.
struct DatasetBuilder {
  let root: String
  let layout: String
  private(set) var samples: [Sample] = []
  private(set) var categories: Set<String> = []
  private(set) var unusable: [UnusableFile] = []
  private(set) var remarks: [DatasetRemark] = []

  init(root: String, layout: String) {
    self.root = root
    self.layout = layout
  }

  func dataset(source: String? = nil) -> Dataset {
    Dataset(
      root: root, source: source, layout: layout, samples: samples,
      categories: Array(categories), unusable: unusable, remarks: remarks)
  }

  mutating func add(category: String) { categories.insert(category) }

  mutating func note(_ text: String, category: String? = nil) {
    remarks.append(DatasetRemark(category: category, text))
  }

  mutating func refuse(
    _ path: String, _ reason: String, category: String? = nil, split: Split? = nil
  ) {
    unusable.append(
      UnusableFile(path: path, reason: reason, category: category, split: split))
  }

  /// The folder's entries; nil, and the folder named as unusable, when it cannot be opened.
  mutating func list(
    _ folder: String, category: String? = nil, split: Split? = nil
  ) -> FolderListing? {
    do {
      let listing = try FolderListing(folder)
      for name in listing.unreadableNames {
        refuse(
          folder + "/" + name, "its name is not valid UTF-8; rename it", category: category,
          split: split)
      }
      return listing
    } catch {
      refuse(folder, reason(error), category: category, split: split)
      return nil
    }
  }

  /// Whether a file is a picture by its first bytes; if not, it is named as unusable.
  mutating func isPicture(_ path: String, category: String, split: Split) -> Bool {
    if FilePath.name(path).hasPrefix(".") {
      refuse(
        path, "a hidden file (its name begins with a dot)", category: category, split: split)
      return false
    }
    do {
      _ = try PictureFormat.of(path)
      return true
    } catch {
      refuse(path, reason(error), category: category, split: split)
      return false
    }
  }

  mutating func add(_ sample: Sample) {
    categories.insert(sample.category)
    samples.append(sample)
  }

  /// All pictures directly in a folder, which share category, split and label.
  /// - Parameter masks: paths by the stem of the picture's name, one or several each.
  mutating func addPictures(
    in folder: String, category: String, split: Split, label: Label,
    masks: [String: [String]] = [:]
  ) {
    guard let listing = list(folder, category: category, split: split) else { return }
    let shown = FilePath.relative(folder, to: root)
    if let inner = listing.folders.first(where: { !$0.hasPrefix(".") }) {
      let more = listing.folders.count > 1 ? ", …" : ""
      note("\(shown): folders inside it are not read (\(inner)\(more))", category: category)
    }
    var stems: [String: String] = [:]
    for name in listing.files {
      let path = folder + "/" + name
      guard isPicture(path, category: category, split: split) else { continue }
      let stem = FilePath.stem(name)
      if let other = stems.updateValue(name, forKey: stem) {
        note("\(shown): \(other) and \(name) share a name, and so a mask", category: category)
      }
      let marks = masks[stem] ?? []
      add(
        Sample(
          path: path, category: category, split: split, label: label, mask: marks.first,
          moreMasks: marks.count > 1 ? Array(marks.dropFirst()) : nil))
    }
  }

  private func reason(_ error: any Error) -> String {
    (error as? FileProblem)?.reason ?? "\(error)"
  }
}
