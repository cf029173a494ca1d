import Foundation
import Norma
import NormaCore
import NormaFiles

/// A picture that a portrait shows.
struct PortrayedPicture {
  let path: String
  /// What the page calls it.
  let name: String
  /// Nil where nobody said.
  let category: String?
  /// Whether it is known to have a defect; nil where nobody knows.
  let isDefective: Bool?

  private init(_ sample: Sample, root: String) {
    path = sample.path
    name = FilePath.relative(sample.path, to: root)
    category = sample.category
    isDefective = sample.label.isAnomalous
  }

  private init(_ entry: PictureList.Entry) {
    (path, name) = (entry.path, entry.relative)
    (category, isDefective) = (nil, nil)
  }

  /// The pictures that files and folders mean, spread evenly when they are more than `limit`.
  /// - Throws: `FileProblem` when there is none, or a folder cannot be read.
  static func named(
    _ paths: [String], limit: Int, _ context: JobContext
  ) throws -> [PortrayedPicture] {
    for path in paths where !FilePath.exists(FilePath.absolute(path)) {
      throw FileProblem(path: path, reason: "there is no such file or folder")
    }
    let list = PictureList(paths)
    if let problem = list.unreadable.first { throw problem }
    guard !list.entries.isEmpty else {
      throw FileProblem(
        path: paths.joined(separator: ", "), reason: "there are no pictures in here")
    }
    let entries = list.entries
    guard entries.count > limit else { return entries.map(Self.init) }
    context.note(
      "Of \(entries.count) pictures \(limit) \(limit == 1 ? "is" : "are") drawn; --count draws more."
    )
    return entries.spread(limit).map { Self($0) }
  }

  /// Some test pictures of each category: mostly defective ones, of as many kinds as there are, and at
  /// least one normal one; of a category that has none to test with, normal ones to train on.
  static func chosen(from dataset: Dataset, count: Int) -> [PortrayedPicture] {
    dataset.categories.flatMap { category -> [PortrayedPicture] in
      let test = dataset.test.filter { $0.category == category }
      let defective = inTurn(test.filter { $0.label.isAnomalous })
      let normal = test.filter { !$0.label.isAnomalous }
      let wanted = max(count - max(1, count / 4), count - normal.count)
      let shown = Array(defective.prefix(wanted))
      let rest = normal.spread(count - shown.count)
      let chosen = shown + rest
      let fallback = dataset.train.filter { $0.category == category && !$0.label.isAnomalous }
      return (chosen.isEmpty ? fallback.spread(count) : chosen)
        .map { Self($0, root: dataset.root) }
    }
  }

  /// One of each kind of defect in turn.
  private static func inTurn(_ samples: [Sample]) -> [Sample] {
    let kinds = Dictionary(grouping: samples) { $0.label.defect ?? "" }
      .sorted { $0.key < $1.key }.map(\.value)
    return (0..<(kinds.map(\.count).max() ?? 0)).flatMap { turn in
      kinds.compactMap { turn < $0.count ? $0[turn] : nil }
    }
  }
}

/// Where a portrait goes: into the model, beside its report, or to a file that was named.
struct PortraitPlace {
  let output: String?
  let replaces: Bool

  private static let file = "report/portrait.html"

  /// Refuses what cannot be written, before any work.
  func check(_ model: ModelFolder) throws {
    guard let output else {
      guard FilePath.isFolder(model.path) else {
        throw FileProblem(
          path: model.path,
          reason: "a zipped model cannot be added to; --output page.html writes the page elsewhere")
      }
      return
    }
    guard !FilePath.isFolder(output) else {
      throw FileProblem(
        path: output, reason: "it is a folder; name the page, as in \(output)/portrait.html")
    }
    try OutputFile(output, .page).check(replaces: replaces)
    try FilePath.createFolder(FilePath.parent(FilePath.absolute(output)))
  }

  /// - Returns: where the page is. One that the model had is replaced.
  func write(_ html: String, _ model: ModelFolder) throws -> String {
    let page = Data(html.utf8)
    guard let output else {
      try model.update(files: [Self.file: page])
      return "\(model.path)/\(Self.file)"
    }
    try AtomicFile.write(page, to: output)
    return output
  }
}
