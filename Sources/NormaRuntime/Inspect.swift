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
      Folders are searched with all their sub-folders, but for those that are hidden (.name). Of every \
      picture the category is recognised, and its level is told: 1 is that category's threshold, 0 what is \
      usual for it. Above 1 it is anomalous. \
      Beside it stand the share p of normal pictures that score as high, and the boxes (width×height at \
      left,top) and areas of its anomalous regions, in its own pixels.

      UNKNOWN is a picture like none that the model was trained on: another product, a dark frame, a lens \
      cap. With --review-share, the pictures whose level is nearest to 1 are marked NOT SURE. Of either, a \
      person should look. A model that perceives anomalies besides (URA-Net) says how far what it \
      perceives contradicts the verdict, from 0 to 1.

      What goes wrong with one picture is said of it, and the others go on. What looks like a picture, by its \
      ending or its first bytes, and is not read, is named, and so are files of several pages or frames.

      Exit status: 0 all pictures are normal, 1 some are anomalous, unknown or not sure, 2 some \
      could not be read, or their maps not written (whatever the others are), 3 failure, 64 wrong command \
      line, 130 interrupted.
      """)

  @Argument(help: "The model: a folder, or the same zipped.")
  public var model: String

  @Argument(help: ArgumentHelp("Pictures, and folders of pictures.", valueName: "path"))
  public var paths: [String]

  @Option(
    help: ArgumentHelp(
      "Write a heat map of every picture into this folder, as FOLDER/NAME-….heatmap.png; --json says which.",
      valueName: "folder"))
  public var heatmaps: String?

  @Option(
    help: ArgumentHelp(
      "Judge all pictures as this category's, whatever they are; shared: by one threshold for all.",
      discussion: "Without it each picture's category is recognised (auto).",
      valueName: "name|auto|shared"))
  public var category: String?

  @Option(
    help: ArgumentHelp(
      "Aim at this share of false alarms instead of the calibration's.", valueName: "rate"))
  public var falseAlarmRate: Double?

  @Option(
    help: ArgumentHelp(
      "Call about this share of normal pictures unknown, instead of the calibration's (0.005).",
      valueName: "rate"))
  public var unknownRate: Double?

  @Option(
    help: ArgumentHelp(
      "Mark the pictures nearest to their threshold, as many as this share of normal ones.",
      valueName: "share"))
  public var reviewShare: Double?

  @Option(
    help: ArgumentHelp(
      "Write a map of the uncertainty of every picture into this folder, as the heat maps.",
      valueName: "folder"))
  public var uncertaintyMaps: String?

  @Flag(
    help: """
      Write one JSON object a line: path, score, pValue, threshold, level, falseAlarmRate, category, \
      anomalous (true also of what is unknown), unknown, regions; where there is something to say, \
      uncertainty, review, alike (other categories that it could be of), and the files heatMap and \
      uncertaintyMap, or heatMapError and uncertaintyMapError; or path and error.
      """)
  public var json = false

  @OptionGroup public var pictures: PictureOptions

  public init() {}

  public func validate() throws {
    try FalseAlarmRate.validate(falseAlarmRate)
    for (option, folder) in [("heatmaps", heatmaps), ("uncertainty-maps", uncertaintyMaps)]
    where folder?.isEmpty == true {
      throw ValidationError("--\(option) is empty; it is a folder to write to")
    }
    if let unknownRate, !(unknownRate > 0 && unknownRate < 1) {
      throw ValidationError(
        "--unknown-rate is \(unknownRate); it is a share above 0 and below 1, such as 0.005")
    }
    if let share = reviewShare, !(share > 0 && share < 1) {
      throw ValidationError(
        "--review-share is \(share); it is a share above 0 and below 1, such as 0.05")
    }
  }

  public func run() throws {
    let cancellation = Signals.cancellation()
    try checkMapFolders()
    let list = PictureList(paths, excluding: [heatmaps, uncertaintyMaps].compactMap { $0 })
    if list.maps > 0 {
      Messages.say(
        "note: \(counted(list.maps, "map")) of an earlier inspection left out; name one to inspect it"
      )
    }
    guard !list.entries.isEmpty || !list.unreadable.isEmpty else {
      throw FileProblem(
        path: paths.joined(separator: ", "), reason: "there are no pictures in here")
    }
    let folder = try ModelFolder.openForInspection(model)
    // However many they are, they are computed in the same way: a picture's score is the same in any company,
    // to the last bit.
    let inspector = try Inspector(
      model: folder, options: options(for: folder.manifest),
      engine: Detector.Options(hint: .throughput))
    if let caution = inspector.caution { Terminal.warn(caution) }
    var report = InspectionReport(json: json)
    for problem in list.unreadable { try report.add(.unreadable(problem)) }
    let progress = ProgressLine(
      "Inspecting", total: list.entries.count, unit: "pictures", sharesTerminal: true)
    defer { progress.clear() }
    try inspector.inspect(list.entries) { index, outcome in
      let problems = outcome.mapProblems
      if !problems.isEmpty { progress.clear() }
      for problem in problems { Messages.say(problem) }
      try report.add(outcome)
      progress.update(index + 1)
      try cancellation.check(
        "Stopped after \(index + 1) of \(counted(list.entries.count, "picture")).")
    }
    progress.clear()
    try report.end(inspector)
    if let status = report.status { throw status }
  }

  /// Maps in the very folder that is inspected would be pictures of it the next time.
  private func checkMapFolders() throws {
    // By bytes: names that look alike may be written differently and be two folders.
    let inspected = Set(paths.compactMap { FilePath.resolved($0).map { Array($0.utf8) } })
    for folder in [heatmaps, uncertaintyMaps].compactMap({ $0 }) {
      guard let real = FilePath.resolved(folder), inspected.contains(Array(real.utf8)) else {
        continue
      }
      throw FileProblem(
        path: folder,
        reason: "the maps would lie among the pictures that are inspected; name another folder, "
          + "which may be one inside it")
    }
  }

  private func options(for manifest: Manifest) -> Inspector.Options {
    let choice: Inspector.CategoryChoice? =
      switch category {
      case nil: nil
      case "auto": .automatic
      case "shared": .shared
      case let name?: .named(name)
      }
    return Inspector.Options(
      category: choice, falseAlarmRate: falseAlarmRate, unknownRate: unknownRate,
      heatMaps: heatmaps,
      reader: pictures.reader(for: manifest), reviewShare: reviewShare,
      uncertaintyMaps: uncertaintyMaps)
  }
}

/// What `inspect` writes, and what it ends with.
struct InspectionReport {
  private let json: Bool
  private var normal = 0
  private var anomalous = 0
  private var undecided = 0
  /// Pictures like none that the model knows.
  private var unknown = 0
  /// Pictures near their threshold, whatever their verdict.
  private var forReview = 0
  private var unreadable = 0
  private var heatMaps = 0
  /// Maps that were asked for and are not there.
  private var missingMaps = 0

  init(json: Bool) { self.json = json }

  mutating func add(_ outcome: Inspector.Outcome) throws {
    switch outcome {
    case .unreadable: unreadable += 1
    case .verdict(let verdict):
      heatMaps += verdict.heatMap == nil ? 0 : 1
      missingMaps += outcome.mapProblems.count
      switch Word(verdict) {
      case .unknown: unknown += 1
      case .notSure: forReview += 1
      case .anomalous: anomalous += 1
      case .normal: normal += 1
      case .none: undecided += 1
      }
    }
    try StandardOutput.print(json ? JSONText.line(outcome) : Self.line(outcome))
  }

  /// Nil when all pictures are normal. What was not inspected weighs more than what was found.
  var status: ExitCode? {
    if undecided > 0 { return ExitStatus.failure }
    if unreadable + missingMaps > 0 { return ExitStatus.unreadable }
    return anomalous + unknown + forReview > 0 ? ExitStatus.anomalous : nil
  }

  /// The summary, for people.
  func end(_ inspector: Inspector) throws {
    if undecided > 0 { Messages.say("error: \(CalibrationError.uncalibrated)") }
    guard !json else { return }
    var counts = ["\(anomalous) anomalous", "\(normal) normal"]
    if undecided > 0 { counts = ["\(undecided) without a verdict"] }
    if unknown > 0 { counts.append("\(unknown) unknown, for a person to look at") }
    if forReview > 0 { counts.append("\(forReview) not sure, for a person to look at") }
    if unreadable > 0 { counts.append("\(unreadable) unreadable") }
    let total = normal + anomalous + unknown + undecided + forReview + unreadable
    if missingMaps > 0 { counts.append("\(counted(missingMaps, "map")) not written") }
    try StandardOutput.print(
      "\n\(counted(total, "picture")): " + counts.joined(separator: ", ") + thresholds(inspector)
        + review(inspector))
    if let folder = inspector.options.heatMaps, heatMaps > 0 {
      try StandardOutput.print("heat maps: \(folder)")
    }
  }

  private func thresholds(_ inspector: Inspector) -> String {
    let rate = inspector.options.falseAlarmRate
    let calibration = inspector.calibration
    var category: String?
    switch inspector.category {
    case .shared: category = nil
    case .named(let name): category = name
    case .automatic:
      // All categories promise alike but for those with pictures enough of their own.
      let known = calibration.knownCategories
      category = known.first
      if known.count > 1 {
        let promised = known.compactMap { try? calibration.threshold(category: $0, rate: rate) }
        guard let most = promised.max(by: { $0.rate < $1.rate }) else { return "" }
        return "\nthresholds: each picture's by its recognised category; " + Self.promise(most)
      }
    }
    guard let threshold = try? calibration.threshold(category: category, rate: rate) else {
      return ""
    }
    let basis = category.map { "of \($0)" } ?? "shared"
    return "\nthreshold: \(Figures.number(Double(threshold.value))) (\(basis)); "
      + Self.promise(threshold)
  }

  /// What a threshold promises, and by how many pictures.
  private static func promise(_ threshold: Threshold) -> String {
    let share = Figures.terminal.percent(threshold.rate, digits: 3)
    var text = "false alarms about \(share)"
    if threshold.basis == .standardized { text += " of all products together" }
    if threshold.extrapolated { text += ", extrapolated" }
    text += ", from \(counted(threshold.pictures, "normal picture"))"
    if threshold.rate > threshold.requestedRate * 1.0001 {
      text +=
        ", too few for the \(Figures.terminal.percent(threshold.requestedRate, digits: 3)) asked for: "
        + "that takes \(threshold.picturesForRequest)"
    }
    return text
  }

  private func review(_ inspector: Inspector) -> String {
    guard let limit = inspector.reviewThreshold else { return "" }
    let share = Figures.terminal.percent(limit.rate, digits: 3)
    return
      "\nnot sure: within a factor of \(Figures.number(1 / Double(max(limit.value, 1e-6)), digits: 3)) of level 1; "
      + "about \(share) of normal pictures, from \(counted(limit.pictures, "normal picture"))"
  }

  /// What is said of a picture before all else.
  private enum Word: String {
    case unknown = "UNKNOWN"
    case notSure = "NOT SURE"
    case anomalous = "ANOMALOUS"
    case normal
    case none = "no verdict"

    init(_ verdict: Verdict) {
      self =
        switch (verdict.unknown, verdict.review, verdict.anomalous) {
        case (_, _, nil): .none
        case (true?, _, _): .unknown
        case (_, true?, _): .notSure
        case (_, _, true?): .anomalous
        case (_, _, false?): .normal
        }
    }
  }

  private static func line(_ outcome: Inspector.Outcome) -> String {
    switch outcome {
    case .unreadable(let problem):
      return "unreadable  \(problem)"
    case .verdict(let verdict):
      let word = Word(verdict)
      var parts = [word.rawValue.padding(toLength: 10, withPad: " ", startingAt: 0)]
      if let level = verdict.level {
        let category = verdict.category.map { " (\($0.printable))" } ?? ""
        parts.append("level \(Figures.level(level))" + category)
      } else if let category = verdict.category {
        parts.append(category.printable)
      }
      parts.append("score \(Figures.number(Double(verdict.score)))")
      if let p = verdict.pValue { parts.append("p \(Figures.number(p, digits: 3))") }
      if let uncertainty = verdict.uncertainty {
        parts.append("uncertainty \(Figures.number(Double(uncertainty), digits: 3))")
      }
      if let alike = verdict.alike, verdict.unknown != true {
        let others = alike.map(\.printable).joined(separator: ", ")
        parts.append("could be \(others) too; the stricter decided")
      }
      parts.append(verdict.path.printable)
      if !verdict.regions.isEmpty { parts.append(regions(verdict.regions)) }
      return parts.joined(separator: "  ")
    }
  }

  private static func regions(_ regions: [Region]) -> String {
    let shown = regions.prefix(3).map {
      "\($0.width)×\($0.height) at \($0.x),\($0.y) (\($0.area) px)"
    }
    let more = regions.count > shown.count ? "; and \(regions.count - shown.count) more" : ""
    return counted(regions.count, "region") + ": " + shown.joined(separator: "; ") + more
  }
}

extension Inspector.Outcome {
  /// What to tell the person of maps that were not written, a line each.
  fileprivate var mapProblems: [String] {
    guard case .verdict(let verdict) = self else { return [] }
    let maps = [
      ("heat map", verdict.heatMapError), ("map of the uncertainty", verdict.uncertaintyMapError),
    ]
    return maps.compactMap { name, problem in
      problem.map { "no \(name) of \(verdict.path.printable), whose verdict stands: \($0)" }
    }
  }
}

extension JSONText {
  static func line(_ outcome: Inspector.Outcome) throws -> String {
    switch outcome {
    case .verdict(let verdict): try line(verdict)
    case .unreadable(let problem): try line(Unreadable(problem))
    }
  }

  /// A picture without a verdict.
  struct Unreadable: Encodable {
    var path: String
    var error: String

    init(_ problem: FileProblem) { (path, error) = (problem.path, problem.reason) }
  }
}
