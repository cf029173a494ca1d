import ArgumentParser
import CommandLineBasics
import Foundation
import Norma
import NormaCore

/// What `inspect` writes, and what it ends with.
struct InspectionReport {
  private let json: Bool
  private var normal = 0
  private var anomalous = 0
  private var undecided = 0
  /// Pictures of which the model is not sure, whatever its verdict.
  private var forReview = 0
  private var unreadable = 0

  init(json: Bool) { self.json = json }

  mutating func add(_ outcome: Inspector.Outcome) throws {
    switch outcome {
    case .unreadable: unreadable += 1
    case .verdict(let verdict):
      switch (verdict.review, verdict.anomalous) {
      case (true?, _): forReview += 1
      case (_, true?): anomalous += 1
      case (_, false?): normal += 1
      case (_, nil): undecided += 1
      }
    }
    try StandardOutput.print(json ? JSONText.line(outcome) : Self.line(outcome))
  }

  /// Nil when all pictures are normal. What was not inspected weighs more than what was found.
  var status: ExitCode? {
    if undecided > 0 { return ExitStatus.failure }
    if unreadable > 0 { return ExitStatus.unreadable }
    return anomalous + forReview > 0 ? ExitStatus.anomalous : nil
  }

  /// The summary, for people.
  func end(_ inspector: Inspector) throws {
    if undecided > 0 { Messages.say("error: \(CalibrationError.uncalibrated)") }
    guard !json else { return }
    var counts = ["\(anomalous) anomalous", "\(normal) normal"]
    if undecided > 0 { counts = ["\(undecided) without a verdict"] }
    if forReview > 0 { counts.append("\(forReview) not sure, for a person to look at") }
    if unreadable > 0 { counts.append("\(unreadable) unreadable") }
    let total = normal + anomalous + undecided + forReview + unreadable
    try StandardOutput.print(
      "\n\(counted(total, "picture")): " + counts.joined(separator: ", ") + thresholds(inspector)
        + review(inspector))
    if let folder = inspector.options.heatMaps, total > unreadable {
      try StandardOutput.print("heat maps: \(folder)")
    }
  }

  private func thresholds(_ inspector: Inspector) -> String {
    let rate = inspector.options.falseAlarmRate
    let category: String?
    switch inspector.options.category {
    case .automatic: return "\nthresholds: each picture's by its recognised category"
    case .shared: category = nil
    case .named(let name): category = name
    }
    guard let threshold = try? inspector.calibration.threshold(category: category, rate: rate)
    else {
      return ""
    }
    let basis = category.map { "of \($0)" } ?? "shared"
    let share = Self.number(100 * threshold.rate, digits: 3) + " %"
    let kind = threshold.extrapolated ? "about \(share), extrapolated" : "at most \(share)"
    var text = "\nthreshold: \(Self.number(Double(threshold.value))) (\(basis)); false alarms "
    text += "\(kind), from \(counted(threshold.pictures, "normal picture"))"
    if threshold.rate > threshold.requestedRate * 1.0001 {
      text +=
        ", too few for the \(Self.number(100 * threshold.requestedRate, digits: 3)) % asked for"
    }
    return text
  }

  private func review(_ inspector: Inspector) -> String {
    guard let limit = inspector.reviewThreshold else { return "" }
    let share = Self.number(100 * limit.rate, digits: 3)
    return
      "\nnot sure: uncertainty above \(Self.number(Double(limit.value))); at most \(share) % of "
      + "normal pictures, from \(counted(limit.pictures, "normal picture"))"
  }

  private static func line(_ outcome: Inspector.Outcome) -> String {
    switch outcome {
    case .unreadable(let problem):
      return "unreadable  \(problem)"
    case .verdict(let verdict):
      let word =
        switch (verdict.review, verdict.anomalous) {
        case (true?, _): "NOT SURE  "
        case (_, true?): "ANOMALOUS "
        case (_, false?): "normal    "
        case (_, nil): "no verdict"
        }
      var parts = [word, "score \(number(Double(verdict.score)))"]
      if let p = verdict.pValue { parts.append("p \(number(p, digits: 3))") }
      if let uncertainty = verdict.uncertainty {
        parts.append("uncertainty \(number(Double(uncertainty), digits: 3))")
      }
      if let category = verdict.category { parts.append(category) }
      parts.append(verdict.path)
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

  private static func number(_ value: Double, digits: Int = 4) -> String {
    String(format: "%.\(digits)g", locale: Locale(identifier: "en_US_POSIX"), value)
  }
}
