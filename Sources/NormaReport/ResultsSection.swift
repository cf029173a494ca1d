/// The tables of metrics and of what the thresholds did, category by category.
struct ResultsSection {
  let evaluation: ReportContent.Evaluation

  func markup() -> Markup {
    Markup("section", ["id": "results"]) {
      Markup("h2") { "Results" }
      Markup("p", ["class": "note"]) {
        "On the test pictures of "
        Markup.name(evaluation.dataset)
        ", in per cent. AP is average precision, F1-max the best F1 that any threshold reaches, "
          + "AUPRO the overlap with each defect region up to 30 % false positives. "
          + "\(ReportNumbers.absent) stands where a metric is not defined."
      }
      metrics
      if evaluation.categories.contains(where: { $0.shared != nil || $0.own != nil }) {
        Markup("h3") { "What the thresholds did" }
        outcomes
      }
    }
  }

  // MARK: Metrics

  private var metrics: Markup {
    Markup.table("Metrics by category", style: "metrics") {
      Markup("thead") {
        Markup("tr") {
          Markup("th", ["scope": "col", "rowspan": "2"]) { "Category" }
          Markup.groupHeading(columns: 3) { "Image" }
          Markup.groupHeading(columns: 3) { "Pixel" }
        }
        Markup("tr") {
          Markup.columnHeading("AUROC", style: "first")
          Markup.columnHeading("AP")
          Markup.columnHeading("F1-max")
          Markup.columnHeading("AUROC", style: "first")
          Markup.columnHeading("AP")
          Markup.columnHeading("AUPRO")
        }
      }
      Markup("tbody") {
        for (index, category) in evaluation.categories.enumerated() {
          Markup("tr") {
            rowHeading(category.name, link: CategorySection.identifier(index))
            cells(category.metrics)
          }
        }
      }
      if evaluation.categories.count > 1 {
        Markup("tfoot") {
          Markup("tr") {
            rowHeading("Mean")
            cells(evaluation.mean)
          }
        }
      }
    }
  }

  @MarkupBuilder
  private func cells(_ metrics: ReportContent.Metrics) -> Markup {
    Markup.cell(ReportNumbers.metric(metrics.imageAUROC), style: "first")
    Markup.cell(ReportNumbers.metric(metrics.imageAP))
    Markup.cell(ReportNumbers.metric(metrics.imageF1Max))
    Markup.cell(ReportNumbers.metric(metrics.pixelAUROC), style: "first")
    Markup.cell(ReportNumbers.metric(metrics.pixelAP))
    Markup.cell(ReportNumbers.metric(metrics.aupro))
  }

  // MARK: Outcomes

  private var outcomes: Markup {
    Markup.table("False alarms and misses by category", style: "outcomes") {
      Markup("thead") {
        Markup("tr") {
          Markup("th", ["scope": "col", "rowspan": "2"]) { "Category" }
          Markup.groupHeading(columns: 2) { "Pictures" }
          Markup.groupHeading(columns: 2) { "Shared threshold" }
          Markup.groupHeading(columns: 2) { "Own threshold" }
        }
        Markup("tr") {
          Markup.columnHeading("normal", style: "first")
          Markup.columnHeading("anom\u{AD}alous")
          Markup.columnHeading("false alarms", style: "first")
          Markup.columnHeading("missed")
          Markup.columnHeading("false alarms", style: "first")
          Markup.columnHeading("missed")
        }
      }
      Markup("tbody") {
        for category in evaluation.categories {
          outcomeRow(
            category.name, normal: category.normalCount, anomalous: category.anomalousCount,
            shared: category.shared, own: category.own)
        }
      }
      if evaluation.categories.count > 1 {
        Markup("tfoot") {
          outcomeRow(
            "Total", normal: evaluation.categories.reduce(0) { $0 + $1.normalCount },
            anomalous: evaluation.categories.reduce(0) { $0 + $1.anomalousCount },
            shared: total(\.shared), own: total(\.own))
        }
      }
    }
  }

  private func outcomeRow(
    _ name: String, normal: Int, anomalous: Int, shared: ReportContent.Outcome?,
    own: ReportContent.Outcome?
  ) -> Markup {
    Markup("tr") {
      rowHeading(name)
      Markup.cell(ReportNumbers.count(normal), style: "first quiet")
      Markup.cell(ReportNumbers.count(anomalous), style: "quiet")
      errors(shared?.falseAlarms, style: "first")
      errors(shared?.misses)
      errors(own?.falseAlarms, style: "first")
      errors(own?.misses)
    }
  }

  /// The sum over the categories; nil where one has no such threshold.
  private func total(_ outcome: KeyPath<ReportContent.Category, ReportContent.Outcome?>)
    -> ReportContent.Outcome?
  {
    let all = evaluation.categories.compactMap { $0[keyPath: outcome] }
    guard all.count == evaluation.categories.count else { return nil }
    return ReportContent.Outcome(
      threshold: .nan, falseAlarms: all.reduce(0) { $0 + $1.falseAlarms },
      misses: all.reduce(0) { $0 + $1.misses })
  }

  /// A count of errors; none is set back, so that the eye finds the others.
  private func errors(_ count: Int?, style: String? = nil) -> Markup {
    let weight = count == nil || count == 0 ? "quiet" : "error"
    let styles = [style, weight].compactMap { $0 }.joined(separator: " ")
    return Markup.cell(count.map { ReportNumbers.count($0) } ?? ReportNumbers.absent, style: styles)
  }

  // MARK: Parts

  private func rowHeading(_ text: String, link: String? = nil) -> Markup {
    Markup.rowHeading {
      let name = Markup.name(text)
      if let link { Markup("a", ["href": "#\(link)"]) { name } } else { name }
    }
  }
}
