import Foundation
import NormaFiles

/// The pictures of a data set as they lie on disk, and what was found beside them.
public struct Dataset: Sendable {
  /// The folder that its paths are relative to.
  public var root: String
  /// What was read: the folder, or the table.
  public var source: String
  /// `MVTec AD`, `folder` or `table`.
  public var layout: String
  /// Sorted by category, then path.
  public var samples: [Sample]
  /// All categories found, sorted; also one whose pictures cannot be used.
  public var categories: [String]
  public var unusable: [UnusableFile]
  public var remarks: [DatasetRemark]

  public init(
    root: String, source: String? = nil, layout: String, samples: [Sample],
    categories: [String]? = nil, unusable: [UnusableFile] = [], remarks: [DatasetRemark] = []
  ) {
    self.root = root
    self.source = source ?? root
    self.layout = layout
    self.samples = samples.sorted { ($0.category, $0.path) < ($1.category, $1.path) }
    self.categories = Set(categories ?? []).union(samples.map(\.category)).sorted()
    self.unusable = unusable
    self.remarks = remarks
  }

  public var train: [Sample] { samples.filter { $0.split == .train } }
  public var test: [Sample] { samples.filter { $0.split == .test } }

  /// The files that an evaluation lacks: those of the split `test`, its masks, and what cannot be
  /// opened far enough to tell what it is for. Hidden files are not: nobody put them there to be
  /// tested with.
  public var unusableForTest: [UnusableFile] {
    unusable.filter { $0.split != .train && !$0.isHidden }
  }

  /// What was left out or looks strange, a sentence each.
  public var notes: [String] { remarks.map(\.text) }

  /// Only these categories.
  /// - Throws: `DatasetProblem` when one of them is not there, or none is named; the message lists
  ///   those that are.
  public func selecting(categories names: [String]) throws -> Dataset {
    guard !names.isEmpty else {
      throw DatasetProblem(
        "\(source): no category is named, so nothing is left of it; it has "
          + listed(categories))
    }
    for name in names where !categories.contains(name) {
      let hint = Spelling.hint(for: name, among: categories)
      throw DatasetProblem(
        "\(source): there is no category '\(name)'\(hint); it has " + listed(categories))
    }
    let chosen = Set(names)
    var result = self
    result.categories = chosen.sorted()
    result.samples.removeAll { !chosen.contains($0.category) }
    result.unusable.removeAll { $0.category.map { !chosen.contains($0) } ?? false }
    result.remarks.removeAll { $0.category.map { !chosen.contains($0) } ?? false }
    return result
  }

  /// For a model of these categories: pictures of one category, for a model of one, are of that,
  /// whatever their folder is called.
  public func named(for categories: [String]) -> Dataset {
    guard self.categories.count == 1, categories.count == 1 else { return self }
    var result = self
    result.categories = categories
    for index in result.samples.indices { result.samples[index].category = categories[0] }
    return result
  }

  /// - Throws: `DatasetProblem` naming every category that has no picture to train on.
  public func validateForTraining() throws {
    let trained = Set(train.map(\.category))
    let empty = categories.filter { !trained.contains($0) }
    guard !empty.isEmpty else { return }
    throw DatasetProblem(empty.map(emptyCategory).joined(separator: "\n"))
  }

  /// - Throws: `DatasetProblem` when there is no picture to test with.
  public func validateForEvaluation() throws {
    guard test.isEmpty else { return }
    guard let first = unusableForTest.first else {
      throw DatasetProblem(
        "\(source): it has no test pictures, so there is nothing to evaluate; "
          + DatasetReader.testHelp)
    }
    throw DatasetProblem(
      "\(source): it has no usable test picture; \(counted(unusableForTest.count, "file")) cannot "
        + "be used, for instance \(FilePath.relative(first.path, to: root)): \(first.reason)")
  }

  private func emptyCategory(_ name: String) -> String {
    let lost = unusable.filter { $0.category == name }
    var text = "\(source): category '\(name)' has no normal picture to train on"
    if let first = lost.first {
      let path = FilePath.relative(first.path, to: root)
      text += "; \(counted(lost.count, "file")) in it cannot be used, for instance \(path): "
      text += first.reason
    } else if layout == MVTecLayout.name {
      text += "; they belong in \(name)/train/good"
    } else if let remark = remarks.first(where: { $0.category == name }) {
      text += " (\(remark.text))"
    }
    return text
  }
}

/// One picture of a data set.
public struct Sample: Sendable, Hashable, Codable {
  /// Absolute path of the picture.
  public var path: String
  public var category: String
  public var split: Split
  public var label: Label
  /// Absolute path of the picture that marks the defect's pixels (> 0), when there is one.
  public var mask: String?
  /// Further such pictures, which mark other pixels of the same picture (MVTec LOCO AD); nil for none.
  public var moreMasks: [String]?

  public init(
    path: String, category: String, split: Split, label: Label, mask: String? = nil,
    moreMasks: [String]? = nil
  ) {
    self.path = path
    self.category = category
    self.split = split
    self.label = label
    self.mask = mask
    self.moreMasks = moreMasks
  }

  /// All pictures that mark its defect.
  public var masks: [String] { [mask].compactMap { $0 } + (moreMasks ?? []) }
}

/// What a picture is for. Further splits that a data set has (a validation set) are left out and
/// noted.
public enum Split: String, Sendable, Hashable, Codable, CaseIterable {
  case train, test
}

/// Whether a picture shows a normal thing, and if not, what kind of defect it has. As text:
/// `normal` or the kind.
public enum Label: Sendable, Hashable, Codable {
  case normal
  case anomalous(String)

  public var isAnomalous: Bool { self != .normal }

  /// The kind of defect; nil for a normal picture.
  public var defect: String? {
    if case .anomalous(let kind) = self { kind } else { nil }
  }

  /// `normal`, `good` and `0` (in any case of letters) say normal, anything else names a defect.
  public init(_ text: String) {
    self = ["normal", "good", "0"].contains(text.lowercased()) ? .normal : .anomalous(text)
  }

  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(String.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(defect ?? "normal")
  }
}

/// A file of a data set that cannot be used, and why.
public struct UnusableFile: Sendable, Hashable, Codable {
  public var path: String
  public var reason: String
  /// The category that it would belong to, where that is known.
  public var category: String?
  /// The split that it would belong to, where that is known. A mask belongs to its picture's.
  public var split: Split?

  /// Whether its name begins with a dot: nobody put it there to be used.
  public var isHidden: Bool { FilePath.name(path).hasPrefix(".") }

  public init(path: String, reason: String, category: String? = nil, split: Split? = nil) {
    self.path = path
    self.reason = reason
    self.category = category
    self.split = split
  }
}

/// What identifies the pictures that something was made from: SHA-256 over each one's path relative
/// to the data set, size in bytes and content. Independent of where the data set lies and of the
/// order of the samples.
public enum DatasetFingerprint {
  /// - Parameters:
  ///   - samples: the pictures used; their labels and masks do not count.
  ///   - root: the data set's folder (`Dataset.root`).
  ///   - digest: the content's SHA-256; pass one that remembers digests by path and `FileKey` to
  ///     avoid reading every picture again.
  /// - Throws: `FileProblem` when a picture cannot be read.
  public static func of(
    _ samples: [Sample], root: String,
    digest: (_ path: String, _ key: FileKey) throws -> String = { path, _ in
      try Digest.sha256(file: path)
    }
  ) throws -> String {
    let lines = try samples.map { sample in
      let key = try FileKey(of: sample.path)
      let name = FilePath.relative(sample.path, to: root)
      return "\(name)\0\(key.size)\0\(try digest(sample.path, key))\n"
    }
    return Digest.sha256(Data(lines.sorted().joined().utf8))
  }
}

/// Remembers the digests of pictures, so that a data set that has not changed is not read again only
/// to find that out. A digest is believed while the file's size and times are those that it was
/// computed with.
public final class DigestCache {
  private struct Entry: Codable {
    var path: String
    var key: FileKey
    var digest: String
  }

  private let path: String
  private var entries: ByName<Entry>
  private var changed = false

  /// - Parameter path: the cache's file; one that is missing or damaged begins empty.
  public init(path: String) {
    self.path = path
    let data = try? Data(contentsOf: URL(fileURLWithPath: path))
    let kept = data.flatMap { try? JSONDecoder().decode([Entry].self, from: $0) } ?? []
    entries = ByName(kept.map { ($0.path, $0) })
  }

  /// The SHA-256 of the file at `path`, whose key is `key`.
  public func digest(_ path: String, _ key: FileKey) throws -> String {
    if let known = known(path, key) { return known }
    let digest = try Digest.sha256(file: path)
    keep(digest, of: path, key)
    return digest
  }

  /// The digest of the file at `path`, whose key is `key`, as it was kept; nil when it was not.
  public func known(_ path: String, _ key: FileKey) -> String? {
    entries[path].flatMap { $0.key == key ? $0.digest : nil }
  }

  /// Keeps a digest that somebody else computed.
  public func keep(_ digest: String, of path: String, _ key: FileKey) {
    entries[path] = Entry(path: path, key: key, digest: digest)
    changed = true
  }

  /// Keeps what was computed. Files that no longer exist are forgotten.
  public func save() throws {
    guard changed else { return }
    let present = entries.names.compactMap { entries[$0] }.filter {
      FileManager.default.fileExists(atPath: $0.path)
    }
    try AtomicFile.write(JSONEncoder().encode(present), to: path)
    changed = false
  }
}

/// Something about a data set that a person should know before work starts.
public struct DatasetRemark: Sendable, Hashable {
  /// The category that it is about, where it is about one.
  public var category: String?
  public var text: String

  public init(category: String? = nil, _ text: String) {
    self.category = category
    self.text = text
  }
}

/// Why a data set cannot be read or used.
public struct DatasetProblem: Error, CustomStringConvertible, Sendable, Equatable {
  public var description: String

  public init(_ description: String) { self.description = description }
}
