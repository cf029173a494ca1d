import Foundation
import NormaCore

/// The results as tables for spreadsheets; metrics as fractions.
public enum BenchmarkCSV {
  /// A line a run and category, with the lines `mean` and `pooled` of each run.
  public static func results(_ records: [(row: String, record: BenchmarkRecord)]) -> String {
    let facts = [
      "row", "recipe", "method", "seed", "categories", "jitter", "category", "normal", "anomalous",
      "imageAUROC", "imageAP", "imageF1Max", "pixelAUROC", "pixelAP", "aupro", "sharedThreshold",
      "sharedFalseAlarms", "sharedMisses", "sharedF1", "ownThreshold", "ownFalseAlarms",
      "ownMisses",
      "ownF1", "verdictFalseAlarms", "verdictMisses", "trainingPictures", "heldOutPictures",
      "trainingSeconds", "epochs", "steps",
      "millisecondsPerPicture", "peakAnonymousBytes", "losses", "toolVersion", "machine",
      "finished",
    ]
    let lines = records.flatMap { entry in
      CategoryLine.all(of: entry.record).map { line(entry.row, entry.record, $0) }
    }
    return ([facts] + lines).map(CSVText.line).joined()
  }

  /// A line a row of the plan: means and standard deviations over the seeds.
  public static func summary(_ summary: BenchmarkSummary) -> String {
    let columns: [(String, (BenchmarkSummary.Row) -> Spread?)] = [
      ("imageAUROC", \.imageAUROC), ("pixelAUROC", \.pixelAUROC), ("aupro", \.aupro),
      ("categoryF1", \.categoryF1), ("sharedF1", \.sharedF1),
      ("verdictFalseAlarms", { $0.verdicts?.falseAlarms }),
      ("verdictMisses", { $0.verdicts?.misses }),
      ("ownFalseAlarms", { $0.ownOutcome?.falseAlarms }), ("ownMisses", { $0.ownOutcome?.misses }),
      ("sharedFalseAlarms", { $0.sharedOutcome?.falseAlarms }),
      ("sharedMisses", { $0.sharedOutcome?.misses }), ("trainingSeconds", \.trainingSeconds),
      ("epochs", \.epochs), ("steps", \.steps),
      ("millisecondsPerPicture", \.millisecondsPerPicture),
      ("peakAnonymousBytes", \.peakAnonymousBytes),
    ]
    let head =
      ["row", "recipe", "seeds", "imageLow", "imageHigh"]
      + columns.flatMap { [$0.0, $0.0 + "Deviation"] }
      + ["publishedImage", "publishedPixel", "source"]
    let lines = summary.rows.map { row in
      [
        row.name, row.recipe, "\(row.seeds.count)", text(row.imageInterval?.low),
        text(row.imageInterval?.high),
      ] + columns.flatMap { [text($0.1(row)?.mean), text($0.1(row)?.deviation)] } + [
        text(row.published?.image.map { $0 / 100 }), text(row.published?.pixel.map { $0 / 100 }),
        row.published?.source ?? "",
      ]
    }
    return ([head] + lines).map(CSVText.line).joined()
  }

  private static func line(
    _ row: String, _ record: BenchmarkRecord, _ line: CategoryLine
  ) -> [String] {
    [
      row, record.recipe, record.method, "\(record.seed)", record.categories, text(record.jitter),
      line.name, "\(line.normalCount)", "\(line.anomalousCount)", text(line.imageAUROC),
      text(line.imageAP), text(line.imageF1Max), text(line.pixelAUROC), text(line.pixelAP),
      text(line.aupro), text(line.sharedThreshold), text(line.sharedFalseAlarms),
      text(line.sharedMisses), text(line.sharedF1), text(line.ownThreshold),
      text(line.ownFalseAlarms), text(line.ownMisses), text(line.ownF1),
      text(line.verdictFalseAlarms), text(line.verdictMisses),
      "\(record.trainingPictures)", "\(record.heldOutPictures)", text(record.trainingSeconds),
      text(record.epochs), text(record.steps), text(record.millisecondsPerPicture),
      text(record.peakAnonymousBytes), record.losses, record.toolVersion, record.machine,
      record.finished,
    ]
  }

  private static func text(_ value: (some CustomStringConvertible)?) -> String {
    value.map(\.description) ?? ""
  }
}
