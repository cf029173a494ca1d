import Foundation
import Norma
import NormaCore
import NormaFiles

/// A picture as calibration sees it.
public struct CalibrationPicture: Sendable {
  public var path: String
  public var category: String
  public var score: Float
  /// Its mean trunk feature, `[channels]`.
  public var feature: [Float]

  public init(path: String, category: String, score: Float, feature: [Float]) {
    (self.path, self.category, self.score, self.feature) = (path, category, score, feature)
  }
}

/// A picture among the normal ones that stands so far out that somebody should look whether it is one.
public struct SuspiciousPicture: Codable, Sendable, Equatable {
  public var path: String
  public var category: String
  public var score: Float
  /// By the thresholds that it had a part in setting.
  public var level: Double?
}

/// Finds pictures that do not belong among normal ones: a few defects there lift the thresholds that they set,
/// and hide behind them.
///
/// A picture is far out where its score lies above the ``OuterFence`` of its category's. Scores are compared as thresholds are, by their logarithms where all
/// are positive. Categories of few pictures share their quartiles, each seen from its own median.
///
/// More than a quarter are found by the thresholds of before, if most of the category's pictures lie below
/// these: what lies at twice their level or above.
package enum SuspiciousPictures {
  /// A category has quartiles of its own from here on; all together need half as many.
  private static let picturesForQuartiles = 20

  /// - Parameters:
  ///   - old: the calibration that these pictures renew.
  ///   - new: the one that they give.
  package static func among(
    _ pictures: [CalibrationPicture], old: Calibration, new: Calibration
  ) throws -> [SuspiciousPicture] {
    let isLogarithmic = pictures.allSatisfy { $0.score > 0 }
    let values = pictures.map { isLogarithmic ? log(Double($0.score)) : Double($0.score) }
    let groups = Dictionary(grouping: pictures.indices, by: { pictures[$0].category })
    var found: Set<Int> = []
    var few: [(place: Int, value: Double)] = []
    for places in groups.values {
      if places.count >= picturesForQuartiles {
        found.formUnion(farOut(places.map { ($0, values[$0]) }))
      } else {
        let median = OuterFence.quantile(0.5, of: places.map { values[$0] }.sorted())
        few += places.map { ($0, values[$0] - median) }
      }
      found.formUnion(try above(places, pictures, old))
    }
    if few.count >= picturesForQuartiles / 2 { found.formUnion(farOut(few)) }
    return try found.sorted { (-values[$0], $0) < (-values[$1], $1) }.map { place in
      let picture = pictures[place]
      let category = new.recognizes ? picture.category : nil
      return SuspiciousPicture(
        path: picture.path, category: picture.category, score: picture.score,
        level: try new.verdict(path: picture.path, score: picture.score, category: category).level)
    }
  }

  private static func farOut(_ values: [(place: Int, value: Double)]) -> [Int] {
    guard let fence = OuterFence.above(values.map(\.value)) else { return [] }
    return values.filter { $0.value > fence }.map(\.place)
  }

  /// By the thresholds of before.
  private static func above(
    _ places: [Int], _ pictures: [CalibrationPicture], _ old: Calibration
  ) throws -> [Int] {
    guard old.status != .uncalibrated else { return [] }
    let levels = try places.map { place in
      let picture = pictures[place]
      let isKnown = old.recognizes && old.knownCategories.contains(picture.category)
      return try old.verdict(
        path: picture.path, score: picture.score, category: isKnown ? picture.category : nil
      ).level ?? 0
    }
    guard 2 * levels.count(where: { $0 <= 1 }) > levels.count else { return [] }
    return zip(places, levels).filter { $0.1 > 2 }.map(\.0)
  }
}

/// A folder of pictures of defects: in sub-folders named as the model's categories, and in these in whatever
/// folders they are sorted; for a model of one category in any.
struct DefectFolder {
  let path: String
  let categories: [String]
  private let context: JobContext

  init(path: String, categories: [String], _ context: JobContext) {
    (self.path, self.categories, self.context) = (path, categories, context)
  }

  /// The pictures in it, by name.
  /// - Throws: `FileProblem` when there is none, when one's category cannot be told, and when there are
  ///   folders of normal pictures or masks among them: these would count as defects that are missed.
  func samples() throws -> [Sample] {
    guard FilePath.isFolder(path) else {
      throw FileProblem(path: path, reason: "there is no such folder of defects")
    }
    let list = PictureList([path])
    for problem in list.unreadable { context.warning("left out: \(problem)") }
    guard !list.entries.isEmpty else {
      throw FileProblem(path: path, reason: "there are no pictures in here")
    }
    return try list.entries.map { entry in
      let folders = FilePath.parent(entry.relative).split(separator: "/").map(String.init)
      let category = try category(of: folders.first)
      let kinds = folders.first == category ? Array(folders.dropFirst()) : folders
      if let other = kinds.first(where: { Self.isNoDefect($0) }) {
        throw FileProblem(
          path: path,
          reason:
            "\(entry.relative) lies in a folder '\(other)'; name a folder of nothing but pictures "
            + "of defects, in sub-folders named as the categories")
      }
      return Sample(
        path: entry.path, category: category, split: .test,
        label: .anomalous(kinds.first ?? "defect"))
    }
  }

  private func category(of folder: String?) throws -> String {
    if let known = categories.first(where: { $0 == folder }) { return known }
    if categories.count == 1 { return categories[0] }
    let names = categories.joined(separator: ", ")
    guard let folder else {
      throw FileProblem(
        path: path,
        reason:
          "pictures lie in the folder itself, so it is not clear of which category they are; move "
          + "them into sub-folders named \(names)")
    }
    throw FileProblem(
      path: path,
      reason:
        "the model does not know \(folder); its categories are \(names); name the sub-folders after "
        + "them")
  }

  private static func isNoDefect(_ folder: String) -> Bool {
    let name = folder.lowercased()
    return Label(name) == .normal || name == "ok" || name == "ground_truth"
  }
}
