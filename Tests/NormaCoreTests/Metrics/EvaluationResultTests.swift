import Foundation
import NormaCore
import TestSupport
import Testing

@Suite struct EvaluationResultTests {
  private let pictures = [
    ScoredPicture(path: "b/1", category: "bottle", isAnomalous: false, score: 1),
    ScoredPicture(path: "b/2", category: "bottle", isAnomalous: false, score: 4),
    ScoredPicture(path: "b/3", category: "bottle", isAnomalous: true, score: 3),
    ScoredPicture(path: "b/4", category: "bottle", isAnomalous: true, score: 5),
    ScoredPicture(path: "a/1", category: "antler", isAnomalous: true, score: 6),
    ScoredPicture(path: "a/2", category: "antler", isAnomalous: true, score: 2),
    ScoredPicture(path: "c/1", category: "cable", isAnomalous: false, score: 1),
    ScoredPicture(path: "c/2", category: "cable", isAnomalous: true, score: 2),
  ]

  private func calibration() throws -> Calibration {
    try .fit(
      scores: ["bottle": [1, 2, 3.5], "cable": [0.5]], source: .holdout, rate: 0.01)
  }

  private func result() throws -> EvaluationResult {
    let metrics = try PixelMetrics()
    try metrics.add(map: [1, 2, 3, 4], mask: [0, 0, 0, 1], width: 2, height: 2)
    return try EvaluationResult(
      pictures: pictures, pixels: ["bottle": metrics.finish()], calibration: calibration())
  }

  @Test func meanIsOverTheCategoriesThatHaveTheMetric() throws {
    let result = try result()
    #expect(result.categories.map(\.name) == ["antler", "bottle", "cable"])
    #expect(result.categories.map(\.imageAUROC) == [nil, 0.75, 1])
    #expect(result.mean.imageAUROC == 0.875)
    #expect(result.mean.pixelAUROC == 1)
    #expect(result.mean.normalCount == 3 && result.mean.anomalousCount == 5)
    // Of the 15 pairs of an anomalous and a normal picture, 12 are in the right order.
    #expect(abs(try #require(result.pooled.imageAUROC) - 12.0 / 15) < 1e-12)
    #expect(result.pooled.pixelAUROC == nil)
  }

  @Test func thresholdsAreCountedAsShipped() throws {
    let result = try result()
    let shared = result.categories.map(\.shared)
    #expect(
      shared == [
        ThresholdOutcome(threshold: 3.5, falseAlarms: 0, misses: 1),
        ThresholdOutcome(threshold: 3.5, falseAlarms: 1, misses: 1),
        ThresholdOutcome(threshold: 3.5, falseAlarms: 0, misses: 1),
      ])
    #expect(result.mean.shared == ThresholdOutcome(threshold: 3.5, falseAlarms: 1, misses: 3))
    #expect(result.pooled.shared == result.mean.shared)
    #expect(result.categories[0].own == nil)
    #expect(result.mean.own == nil, "one of the categories has none")
    let both = try EvaluationResult(
      pictures: pictures.filter { $0.category != "antler" }, calibration: calibration())
    #expect(both.mean.own == ThresholdOutcome(threshold: 3.5, falseAlarms: 1, misses: 2))
    #expect(both.pooled.own == both.mean.own)
    // Anomalous is above the threshold, not at it.
    let at = ThresholdOutcome(threshold: 4, pictures: pictures)
    #expect(at == ThresholdOutcome(threshold: 4, falseAlarms: 0, misses: 3))
  }

  @Test func jsonHasEveryKey() throws {
    let result = try result()
    let json = try JSONEncoder().encode(result)
    #expect(try JSONDecoder().decode(EvaluationResult.self, from: json) == result)
    let object = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
    #expect(Set(object.keys) == ["categories", "mean", "pooled"])
    let rows = try #require(object["categories"] as? [[String: Any]])
    let keys: Set = [
      "name", "normalCount", "anomalousCount", "imageAUROC", "imageAP", "imageF1Max",
      "pixelAUROC", "pixelAP", "aupro", "verdicts", "shared", "own",
    ]
    #expect(rows.allSatisfy { Set($0.keys) == keys })
    let outcome = try #require(rows[1]["shared"] as? [String: Any])
    #expect(Set(outcome.keys) == ["threshold", "falseAlarms", "misses"])
  }

  @Test func tableHasAlignedColumnsAndLeavesEmptyOnesOut() throws {
    let text = EvaluationTable(try result()).description
    let lines = text.split(separator: "\n").map(String.init)
    #expect(lines.count == 9)
    #expect(Set(lines.map(\.count)).count == 1)
    #expect(lines[1].hasPrefix("category  normal  anomalous   AUROC"))
    #expect(lines[0].hasSuffix("shared threshold"))
    #expect(lines[3].hasPrefix("antler"))
    #expect(lines[4].contains("75.00"))
    #expect(lines[7].hasPrefix("mean") && lines[7].contains("87.50"))

    let plain = EvaluationTable(try EvaluationResult(pictures: Array(pictures[0..<4]))).description
    #expect(!plain.contains("threshold") && !plain.contains("AUPRO") && !plain.contains("mean"))
  }

  @Test func nothingTestedIsAnEmptyResult() throws {
    let result = try EvaluationResult(pictures: [])
    #expect(result.categories.isEmpty && result.mean.imageAUROC == nil)
    #expect(EvaluationTable(result).description.hasPrefix(" "))
  }
}
