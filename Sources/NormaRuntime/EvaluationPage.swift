import CommandLineBasics
import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaReport

extension Evaluate {
  /// Writes the page into the folder that was named, else into the model, whose manifest then also
  /// has the figures. A model that cannot be changed keeps what it has: the figures are on the
  /// terminal already, so this is said and is no failure.
  func writePage(
    _ evaluation: Evaluation, _ evaluator: Evaluator, _ model: ModelFolder, _ dataset: Dataset
  ) throws {
    let content = try EvaluationReport.content(
      of: model, evaluation: evaluation, evaluator: evaluator,
      dataset: FilePath.name(dataset.source))
    let page = Data(ReportPage.html(content).utf8)
    if let report {
      let path = "\(report)/index.html"
      try FilePath.createFolder(FilePath.absolute(report))
      try AtomicFile.write(page, to: path)
      return try tell("page: \(path)")
    }
    do {
      try model.update(
        files: [ModelFile.report: page, EvaluationReport.contentFile: content.encoded()]
      ) { manifest in
        manifest.metrics = Self.metrics(evaluation.result)
      }
      try tell("page: \(model.path)/\(ModelFile.report)")
    } catch let problem as FileProblem {
      Messages.say(
        "note: the page was not written into the model (\(problem)); --report FOLDER writes it "
          + "elsewhere")
    }
  }

  private func tell(_ line: String) throws {
    if json { Messages.say(line) } else { try StandardOutput.print("\n\(line)") }
  }

  /// The figures by name: of the mean as they are, of a category after its name and a dot.
  private static func metrics(_ result: EvaluationResult) -> [String: Double] {
    var metrics: [String: Double] = [:]
    func add(_ result: CategoryResult, _ prefix: String) {
      metrics[prefix + "imageAUROC"] = result.imageAUROC
      metrics[prefix + "imageAP"] = result.imageAP
      metrics[prefix + "imageF1Max"] = result.imageF1Max
      metrics[prefix + "pixelAUROC"] = result.pixelAUROC
      metrics[prefix + "pixelAP"] = result.pixelAP
      metrics[prefix + "aupro"] = result.aupro
    }
    add(result.mean, "")
    for category in result.categories { add(category, category.name + ".") }
    return metrics
  }
}
