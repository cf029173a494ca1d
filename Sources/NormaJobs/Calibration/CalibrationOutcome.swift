import Foundation
import NormaCore

/// What a calibration came to; `norma calibrate --json` writes it.
public struct CalibrationOutcome: Encodable, Sendable {
  /// The false-alarm rate that is asked of the model from now on.
  public var falseAlarmRate: Double
  /// The threshold for all categories.
  public var shared: Threshold?
  /// By category.
  public var categories: [String: Threshold]
  /// Normal pictures that set them.
  public var pictures: Int
  /// Categories with new pictures, those that keep the pictures from before, and those that have none.
  public var renewed: [String]
  public var kept: [String]
  public var withoutPictures: [String]
  /// How many of the pictures the model was trained on; left out of a model that does not know.
  public var trainingPictures: Int?
  /// How many of the new pictures are taken for what they are; left out where the recognition was not
  /// renewed, or there is one category.
  public var recognized: Recognized?
  /// Normal pictures that stand so far out that somebody should look.
  public var suspicious: [SuspiciousPicture]
  /// What different rates would do; left out without defects.
  public var operatingPoints: OperatingPoints?
  /// Whether the recommended rate is the model's now.
  public var recommendedIsSet: Bool?
  /// Categories that have few new pictures in place of more from before.
  public var scarce: [Scarce]

  /// So few new pictures that they say less than those that they replace.
  public struct Scarce: Codable, Sendable, Equatable {
    public var category: String
    public var pictures: Int
    /// How many there were before.
    public var replaced: Int

    var warning: String {
      "\(category): \(counted(pictures, "new picture")) in place of the \(replaced) from before; so few say "
        + "little of what is normal. Calibrate with \(Calibration.picturesForAMean) or more of it"
    }
  }

  /// New pictures whose nearest category is their own. They placed the categories that have ten of them or
  /// more, so it is a little more than for pictures to come.
  public struct Recognized: Codable, Sendable, Equatable {
    public var count: Int
    public var total: Int
  }

  init(
    _ manifest: Manifest, old: Calibration, new: Calibration, renewed pictures: [String],
    trainingPictures: Int?, suspicious: [SuspiciousPicture], points: OperatingPoints?,
    isRecommendedSet: Bool
  ) {
    falseAlarmRate = new.falseAlarmRate
    (shared, categories) = (new.shared, new.categories)
    self.pictures = pictures.count
    renewed = Set(pictures).sorted()
    kept = old.keptCategories(renewing: pictures)
    withoutPictures = Set(manifest.categories).subtracting(pictures).subtracting(kept).sorted()
    self.trainingPictures = trainingPictures
    if manifest.categories.count > 1, let accuracy = new.autoAccuracy,
      let total = new.autoAccuracyPictures, new.features != old.features
    {
      recognized = Recognized(count: Int((accuracy * Double(total)).rounded()), total: total)
    }
    self.suspicious = suspicious
    operatingPoints = points
    recommendedIsSet = points.map { _ in isRecommendedSet }
    scarce = renewed.compactMap { category in
      let count = pictures.count { $0 == category }
      let before = old.normalScores[category]?.count ?? 0
      guard count < Calibration.picturesForAMean, count < before else { return nil }
      return Scarce(category: category, pictures: count, replaced: before)
    }
  }

  /// For the terminal, besides the thresholds.
  var notes: [String] {
    var notes: [String] = []
    if renewed.count + kept.count + withoutPictures.count > 1 {
      notes.append("Renewed: \(renewed.joined(separator: ", "))")
      if !kept.isEmpty {
        notes.append("Kept, with the pictures from before: \(kept.joined(separator: ", "))")
      }
      if !withoutPictures.isEmpty {
        notes.append(
          "Without normal pictures, judged by the shared threshold: "
            + withoutPictures.joined(separator: ", "))
      }
    }
    if let recognized {
      notes.append(
        "Recognised for what they are: \(recognized.count) of these \(recognized.total) new pictures"
      )
    }
    if let operatingPoints {
      let isSet = recommendedIsSet == true
      notes += [operatingPoints.table(isSet: isSet), operatingPoints.advice(isSet: isSet)]
    }
    return notes
  }
}

extension OperatingPoints {
  private static let units = Figures.terminal

  /// A line a rate.
  /// - Parameter isSet: whether the recommended one is the model's from now on.
  func table(isSet: Bool) -> String {
    var table = TextTable(
      columns: [
        "false-alarm rate", "level", "promised", "of the normal pictures", "defects caught",
        "cost of 1000",
      ], right: [0, 1, 2, 5])
    for (place, point) in points.enumerated() {
      var cells = [
        Self.rate(point.falseAlarmRate), Figures.level(point.level),
        Self.percent(point.promised), Self.text(point.falseAlarms),
        Self.text(point.catches), Figures.value(1000 * point.cost),
      ]
      let mark =
        switch (place == recommended, point.isSet) {
        case (true, true): "← recommended, and the model's"
        case (true, false): "← recommended"
        case (false, true): isSet ? "← before" : "← the model's"
        case (false, false): ""
        }
      cells.append(mark)
      table.add(cells)
    }
    return """
      \n\(table.text)

      In brackets: where the share may lie, 95 times in 100. Normal pictures are judged by thresholds \
      of the others. Cost: in false alarms, of 1000 pictures of which \
      \(Self.units.percent(costs.defectShare, digits: 3)) show defects (--defect-share), a missed one as bad \
      as \(Figures.number(costs.miss)) false alarms (--miss-cost).
      """
  }

  /// What is recommended, how far that can be trusted, and what became of it.
  func advice(isSet: Bool) -> String {
    let best = recommendedPoint
    var lines = [
      "Recommended: a false-alarm rate of \(Self.rate(best.falseAlarmRate))."
        + (best.isSet
          ? " It is the model's."
          : isSet ? " It is set." : " The model keeps its own; --set sets this.")
    ]
    let catches = best.catches
    lines.append(
      "\(counted(defects, "defect")): catches \(Self.percent(catches.share ?? 0)), "
        + "between \(Self.percent(catches.low)) and "
        + "\(Self.percent(catches.high)). " + trust)
    if !best.catchesByCategory.isEmpty {
      lines.append(
        "By category: "
          + best.catchesByCategory.sorted { $0.key < $1.key }.map {
            "\($0.key) \($0.value.count) of \($0.value.total)"
          }.joined(separator: ", "))
    }
    if unknownDefects > 0 {
      lines.append(
        "\(unknownDefects) of them are like no category the model knows, and caught at any rate.")
    }
    // What is called unknown comes on top of the rate; well above both, the pictures are the limit.
    if best.promised > 1.5 * best.falseAlarmRate + Calibration.defaultUnknownRate {
      lines.append(
        "\(counted(pictures, "normal picture")) are too few to promise fewer false alarms.")
    }
    return lines.joined(separator: "\n")
  }

  private var trust: String {
    guard points.count > 1 else { return "The normal pictures are too few for any other rate." }
    let alike = points.filter(\.isLikeRecommended).map { Self.rate($0.falseAlarmRate) }
    if alike.isEmpty { return "They are enough to tell it from every other rate here." }
    return alike.count == points.count - 1
      ? "They are too few to tell it from any other rate here."
      : "They are too few to tell it from \(alike.joined(separator: ", "))."
  }

  private static func rate(_ rate: Double) -> String { units.percent(rate, digits: 3) }

  /// `0.48 %`, `9.5 %`, `91 %`, `100 %`: few pictures know no more.
  private static func percent(_ share: Double) -> String {
    units.percent(share, digits: share >= 0.995 ? 3 : 2)
  }

  private static func text(_ interval: BinomialInterval) -> String {
    let share = interval.share.map(percent) ?? Figures.absent
    return "\(interval.count) of \(interval.total): \(share) "
      + "(\(percent(interval.low)) to \(percent(interval.high)))"
  }
}
