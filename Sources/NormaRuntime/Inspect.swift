import ArgumentParser
import CommandLineBasics
import Foundation
import Norma
import NormaCore
import NormaFiles

/// `norma inspect`: verdicts on pictures.
public struct Inspect: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Say which pictures are anomalous, and where.",
    discussion: """
      Folders are searched with all their sub-folders. Every picture gets its score, the share p of \
      normal pictures that score as high, and the boxes (width×height at left,top) and areas of its \
      anomalous regions, in its own pixels.

      A model that perceives anomalies besides (URA-Net) says how uncertain each verdict is: from 0 to \
      1, how far what it perceives contradicts the verdict. With --review-share, the least certain \
      pictures are marked: a person should look.

      Exit status: 0 all pictures are normal, 1 some are anomalous or for a person to look at, 2 some \
      could not be read (whatever the others are), 3 failure, 64 wrong command line, 130 interrupted.
      """)

  @Argument(help: "The model: a folder, or the same zipped.")
  public var model: String

  @Argument(help: ArgumentHelp("Pictures, and folders of pictures.", valueName: "path"))
  public var paths: [String]

  @Option(
    help: ArgumentHelp(
      "Write a heat map of every picture into this folder, as NAME.heatmap.png.",
      valueName: "folder"))
  public var heatmaps: String?

  @Option(
    help: ArgumentHelp(
      "Use this category's threshold; auto recognises each picture's category.",
      discussion: "Without it one threshold, shared by all categories, decides.",
      valueName: "name|auto"))
  public var category: String?

  @Option(
    help: ArgumentHelp(
      "Aim at this share of false alarms instead of the calibration's.", valueName: "rate"))
  public var falseAlarmRate: Double?

  @Option(
    help: ArgumentHelp(
      "Mark the pictures of which the model is least sure, as many as this share of normal ones.",
      discussion: "For models that know how sure they are.", valueName: "share"))
  public var reviewShare: Double?

  @Option(
    help: ArgumentHelp(
      "Write a map of the uncertainty of every picture into this folder, as NAME.uncertainty.png.",
      valueName: "folder"))
  public var uncertaintyMaps: String?

  @Flag(
    help: """
      Write one JSON object a line: path, score, pValue, threshold, category, anomalous, regions, \
      and where the model knows how sure it is uncertainty, with --review-share also review; \
      or path and error.
      """)
  public var json = false

  @OptionGroup public var pictures: PictureOptions

  public init() {}

  public func validate() throws {
    try FalseAlarmRate.validate(falseAlarmRate)
    if let share = reviewShare, !(share > 0 && share < 1) {
      throw ValidationError(
        "--review-share is \(share); it is a share above 0 and below 1, such as 0.05")
    }
  }

  public func run() throws {
    let cancellation = Signals.cancellation()
    try checkMapFolders()
    let list = PictureList(paths, excluding: [heatmaps, uncertaintyMaps].compactMap { $0 })
    guard !list.entries.isEmpty || !list.unreadable.isEmpty else {
      throw FileProblem(
        path: paths.joined(separator: ", "), reason: "there are no pictures in here")
    }
    let folder = try ModelFolder.openForInspection(model)
    let inspector = try Inspector(
      model: folder, options: options(for: folder.manifest),
      engine: Detector.Options(hint: list.entries.count == 1 ? .latency : .throughput))
    var report = InspectionReport(json: json)
    for problem in list.unreadable { try report.add(.unreadable(problem)) }
    let progress = ProgressLine(
      "Inspecting", total: list.entries.count, unit: "pictures", sharesTerminal: true)
    defer { progress.clear() }
    try inspector.inspect(list.entries) { index, outcome in
      try report.add(outcome)
      progress.update(index + 1)
      try cancellation.check("Stopped after \(index + 1) of \(list.entries.count) pictures.")
    }
    progress.clear()
    try report.end(inspector)
    if let status = report.status { throw status }
  }

  /// Maps in the very folder that is inspected would be pictures of it the next time.
  private func checkMapFolders() throws {
    let inspected = Set(paths.compactMap { FilePath.resolved($0) })
    for folder in [heatmaps, uncertaintyMaps].compactMap({ $0 }) {
      guard let real = FilePath.resolved(folder), inspected.contains(real) else { continue }
      throw FileProblem(
        path: folder,
        reason: "the maps would lie among the pictures that are inspected; name another folder, "
          + "which may be one inside it")
    }
  }

  private func options(for manifest: Manifest) -> Inspector.Options {
    let choice: Inspector.CategoryChoice =
      switch category {
      case nil: .shared
      case "auto": .automatic
      case let name?: .named(name)
      }
    return Inspector.Options(
      category: choice, falseAlarmRate: falseAlarmRate, heatMaps: heatmaps,
      reader: pictures.reader(for: manifest), reviewShare: reviewShare,
      uncertaintyMaps: uncertaintyMaps)
  }
}
