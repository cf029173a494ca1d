import Foundation
import GRDB
import NormaCore

/// A line of the table `run`.
extension BenchmarkRecord.Run: FetchableRecord, PersistableRecord {
  public static let databaseTableName = "run"

  func record(lines: [CategoryLine], pictures: [ScoredPicture]) -> BenchmarkRecord {
    func only(_ kind: CategoryLine.Kind) -> CategoryResult {
      lines.first { $0.kind == kind }?.result
        ?? CategoryResult(name: kind.rawValue, normalCount: 0, anomalousCount: 0)
    }
    return BenchmarkRecord(
      run: self,
      result: EvaluationResult(
        categories: lines.filter { $0.kind == .category }.map(\.result), mean: only(.mean),
        pooled: only(.pooled)),
      pictures: pictures)
  }
}

/// A line of the table `category`.
struct CategoryLine: Codable, FetchableRecord, PersistableRecord {
  static let databaseTableName = "category"
  static let metrics = [
    "imageAUROC", "imageAP", "imageF1Max", "pixelAUROC", "pixelAP", "aupro", "sharedF1", "ownF1",
  ]
  static let outcomes = [
    "sharedThreshold", "sharedFalseAlarms", "sharedMisses", "ownThreshold", "ownFalseAlarms",
    "ownMisses",
  ]

  /// One of the data set's categories, their mean, or all their pictures together.
  enum Kind: String, Codable { case category, mean, pooled }

  var run: String
  var kind: Kind
  var name: String
  var normalCount: Int
  var anomalousCount: Int
  var imageAUROC: Double?
  var imageAP: Double?
  var imageF1Max: Double?
  var pixelAUROC: Double?
  var pixelAP: Double?
  var aupro: Double?
  /// F1 by the model's own thresholds: the one for all, and the category's.
  var sharedF1: Double?
  var ownF1: Double?
  var sharedThreshold: Float?
  var sharedFalseAlarms: Int?
  var sharedMisses: Int?
  var ownThreshold: Float?
  var ownFalseAlarms: Int?
  var ownMisses: Int?

  static func all(of record: BenchmarkRecord) -> [CategoryLine] {
    record.result.categories.map { CategoryLine(record.key, .category, $0) } + [
      CategoryLine(record.key, .mean, record.result.mean),
      CategoryLine(record.key, .pooled, record.result.pooled),
    ]
  }

  init(_ run: String, _ kind: Kind, _ result: CategoryResult) {
    self.run = run
    self.kind = kind
    name = result.name
    normalCount = result.normalCount
    anomalousCount = result.anomalousCount
    imageAUROC = result.imageAUROC
    imageAP = result.imageAP
    imageF1Max = result.imageF1Max
    pixelAUROC = result.pixelAUROC
    pixelAP = result.pixelAP
    aupro = result.aupro
    sharedF1 = result.shared?.f1(anomalous: result.anomalousCount)
    ownF1 = result.own?.f1(anomalous: result.anomalousCount)
    sharedThreshold = result.shared?.threshold
    sharedFalseAlarms = result.shared?.falseAlarms
    sharedMisses = result.shared?.misses
    ownThreshold = result.own?.threshold
    ownFalseAlarms = result.own?.falseAlarms
    ownMisses = result.own?.misses
  }

  var result: CategoryResult {
    func outcome(_ threshold: Float?, _ alarms: Int?, _ misses: Int?) -> ThresholdOutcome? {
      guard let alarms, let misses else { return nil }
      return ThresholdOutcome(threshold: threshold, falseAlarms: alarms, misses: misses)
    }
    return CategoryResult(
      name: name, normalCount: normalCount, anomalousCount: anomalousCount, imageAUROC: imageAUROC,
      imageAP: imageAP, imageF1Max: imageF1Max, pixelAUROC: pixelAUROC, pixelAP: pixelAP,
      aupro: aupro, shared: outcome(sharedThreshold, sharedFalseAlarms, sharedMisses),
      own: outcome(ownThreshold, ownFalseAlarms, ownMisses))
  }
}

/// A line of the table `picture`.
struct PictureLine: Codable, FetchableRecord, PersistableRecord {
  static let databaseTableName = "picture"

  var run: String
  var path: String
  var category: String
  var isAnomalous: Bool
  var score: Float
  var uncertainty: Float?

  init(run: String, _ picture: ScoredPicture) {
    self.run = run
    path = picture.path
    category = picture.category
    isAnomalous = picture.isAnomalous
    score = picture.score
    uncertainty = picture.uncertainty
  }

  var picture: ScoredPicture {
    ScoredPicture(
      path: path, category: category, isAnomalous: isAnomalous, score: score,
      uncertainty: uncertainty)
  }
}
