import ArgumentParser
import CommandLineBasics
import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaRuntime

/// `norma datasets`: which public data sets are read as they are, and whether one on disk is whole.
struct DatasetsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "datasets",
    abstract: "List the public data sets that are read; check one on disk.",
    discussion: """
      Without a folder: where each is to be had, and under which licence. With one:
      its pictures are counted and set beside what was published, and what is missing
      is named. Nothing is downloaded.

        norma datasets
        norma datasets ~/data/mvtec
        norma datasets ~/data/metal --as mpdd

      Exit status: 0 as published, as far as that is known; 1 something is missing or
      more; 3 failure; 64 wrong command line.
      """)

  @Argument(help: "A data set on disk.")
  var folder: String?

  @Option(
    name: .customLong("as"),
    help: "Which one it is, such as mvtec-ad; by default told by its layout and categories.")
  var key: String?

  @Option(help: "How folders named as OK, NG or mask are read: defects or categories.")
  var layout: FolderReading?

  @Flag(help: "One JSON object instead of text.")
  var json = false

  func validate() throws {
    guard let key else { return }
    guard folder != nil else { throw ValidationError("--as is for a folder: name one.") }
    guard KnownDataset.named(key) == nil else { return }
    let known = KnownDataset.all.map(\.key)
    throw ValidationError(
      "--as is '\(key)'; known are \(known.joined(separator: ", "))"
        + Spelling.hint(for: key, among: known) + ".")
  }

  func run() throws {
    guard let folder else { return try list() }
    var reader = PictureReader()
    reader.folders = layout
    let dataset = try DatasetReader.read(folder, by: reader)
    guard let known = key.flatMap(KnownDataset.named) ?? KnownDataset.recognized(dataset) else {
      throw FileProblem(
        path: folder,
        reason: "it is no public data set that Norma knows (its layout: \(dataset.layout); its "
          + "categories: \(dataset.categories.joined(separator: ", "))); --as says which it is")
    }
    let check = DatasetCheck(dataset, against: known)
    if json {
      try StandardOutput.print(JSONText.line(Report(check)))
    } else {
      try StandardOutput.print("\(dataset.source): \(known.name), \(known.licence)\n")
      try StandardOutput.print(check.text)
      for note in dataset.notes { try StandardOutput.print("note: \(note.printable)") }
      for file in dataset.unusable.prefix(20) {
        try StandardOutput.print("unusable: \(file.path.printable): \(file.reason)")
      }
      if dataset.unusable.count > 20 {
        try StandardOutput.print("… and \(dataset.unusable.count - 20) more")
      }
    }
    if !check.isComplete { throw ExitCode(1) }
  }

  private func list() throws {
    if json {
      return try StandardOutput.print(JSONText.line(KnownDataset.all.map(Entry.init)))
    }
    for known in KnownDataset.all {
      try StandardOutput.print("\(known.key): \(known.name)")
      try StandardOutput.print("  \(Self.size(known))")
      try StandardOutput.print("  \(known.source)")
      try StandardOutput.print("  \(known.licence)")
    }
    try StandardOutput.print("\nRead as well: plain folders of normal pictures, and tables (.csv).")
  }

  /// `15 categories, 3629 to train on, 467 normal and 1258 defective to test with`.
  private static func size(_ known: KnownDataset) -> String {
    let total = known.total
    var parts = known.categories.map { ["\($0.count) categories"] } ?? []
    if let train = total.train { parts.append("\(train) to train on") }
    if let normal = total.testNormal, let defective = total.testDefective {
      parts.append("\(normal) normal and \(defective) defective to test with")
    } else if let test = total.test {
      parts.append("\(test) to test with")
    }
    return parts.isEmpty ? "counts unknown" : parts.joined(separator: ", ")
  }

  private struct Entry: Encodable {
    var key, name, source, licence: String
    var categories: [String]?
    var total: KnownDataset.Counts

    init(_ known: KnownDataset) {
      (key, name, source, licence) = (known.key, known.name, known.source, known.licence)
      categories = known.categories?.keys.sorted()
      total = known.total
    }
  }

  private struct Report: Encodable {
    var dataset: String
    var complete: Bool
    var missing: [String]
    var unknown: [String]
    var rows: [DatasetCheck.Row]
    var unusable: Int

    init(_ check: DatasetCheck) {
      self.dataset = check.known.key
      (complete, missing, unknown) = (check.isComplete, check.missing, check.unknown)
      (rows, unusable) = (check.rows, check.unusable)
    }
  }
}
