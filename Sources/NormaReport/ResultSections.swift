import NormaCore

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
          + "\(Figures.absent) stands where a metric is not defined."
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
    Markup.cell(Figures.metric(metrics.imageAUROC), style: "first")
    Markup.cell(Figures.metric(metrics.imageAP))
    Markup.cell(Figures.metric(metrics.imageF1Max))
    Markup.cell(Figures.metric(metrics.pixelAUROC), style: "first")
    Markup.cell(Figures.metric(metrics.pixelAP))
    Markup.cell(Figures.metric(metrics.aupro))
  }

  // MARK: Outcomes

  private var outcomes: Markup {
    Markup.table("False alarms and misses by category", style: "outcomes") {
      Markup("thead") {
        Markup("tr") {
          Markup("th", ["scope": "col", "rowspan": "2"]) { "Category" }
          Markup.groupHeading(columns: 2) { "Pictures" }
          if showsVerdicts { Markup.groupHeading(columns: 2) { "Category recognised" } }
          Markup.groupHeading(columns: 2) { "Category told" }
          Markup.groupHeading(columns: 2) { "One threshold for all" }
        }
        Markup("tr") {
          Markup.columnHeading("normal", style: "first")
          Markup.columnHeading("anom\u{AD}alous")
          if showsVerdicts {
            Markup.columnHeading("false alarms", style: "first")
            Markup.columnHeading("missed")
          }
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
            verdicts: category.verdicts, shared: category.shared, own: category.own)
        }
      }
      if evaluation.categories.count > 1 {
        Markup("tfoot") {
          outcomeRow(
            "Total", normal: evaluation.normalCount, anomalous: evaluation.anomalousCount,
            verdicts: evaluation.verdicts, shared: evaluation.total(.shared),
            own: evaluation.total(.own))
        }
      }
    }
  }

  private var showsVerdicts: Bool { evaluation.verdicts != nil }

  private func outcomeRow(
    _ name: String, normal: Int, anomalous: Int, verdicts: ReportContent.Outcome?,
    shared: ReportContent.Outcome?, own: ReportContent.Outcome?
  ) -> Markup {
    Markup("tr") {
      rowHeading(name)
      Markup.cell(Figures.count(normal), style: "first quiet")
      Markup.cell(Figures.count(anomalous), style: "quiet")
      if showsVerdicts {
        errors(verdicts?.falseAlarms, style: "first")
        errors(verdicts?.misses)
      }
      errors(own?.falseAlarms, style: "first")
      errors(own?.misses)
      errors(shared?.falseAlarms, style: "first")
      errors(shared?.misses)
    }
  }

  /// A count of errors; none is set back, so that the eye finds the others.
  private func errors(_ count: Int?, style: String? = nil) -> Markup {
    let weight = count == nil || count == 0 ? "quiet" : "error"
    let styles = [style, weight].compactMap { $0 }.joined(separator: " ")
    return Markup.cell(count.map { Figures.count($0) } ?? Figures.absent, style: styles)
  }

  // MARK: Parts

  private func rowHeading(_ text: String, link: String? = nil) -> Markup {
    Markup.rowHeading {
      let name = Markup.name(text)
      if let link { Markup("a", ["href": "#\(link)"]) { name } } else { name }
    }
  }
}

/// One category: what happened in words, its score histogram and ROC curve, and its pictures.
struct CategorySection {
  let category: ReportContent.Category
  let deciding: ReportContent.Evaluation.Deciding
  let identifier: String

  /// The sections of all categories under one heading.
  static func all(of evaluation: ReportContent.Evaluation) -> Markup {
    Markup("section", ["id": "categories"]) {
      Markup("h2") { "Category by category" }
      Markup("p", ["class": "note"]) { note(evaluation) }
      for (index, category) in evaluation.categories.enumerated() {
        CategorySection(
          category: category, deciding: evaluation.deciding,
          identifier: Self.identifier(index)
        ).markup()
      }
    }
  }

  private static func note(_ evaluation: ReportContent.Evaluation) -> String {
    var sentences: [String] = []
    if evaluation.categories.contains(where: { $0.outcome(evaluation.deciding) != nil }) {
      let deciding = evaluation.deciding == .shared ? "the shared" : "each category’s own"
      sentences = ["Judged by \(deciding) threshold.", "Bars in full colour are errors."]
      if evaluation.categories.flatMap(\.examples).flatMap(\.examples).contains(where: {
        $0.isUnknown == true
      }) {
        sentences.append("Pictures like no category are flagged as unknown, whatever their score.")
      }
    }
    if let note = evaluation.note { sentences.append(note) }
    let examples = evaluation.categories.flatMap(\.examples).flatMap(\.examples)
    if examples.contains(where: { $0.pValue != nil }) {
      sentences.append("In a caption p is the share of normal pictures that score as high.")
    }
    return sentences.joined(separator: " ")
  }

  /// The anchor of the category at `index`; names may hold what an anchor may not.
  static func identifier(_ index: Int) -> String { "category-\(index + 1)" }

  func markup() -> Markup {
    Markup("section", ["class": "category", "id": identifier]) {
      Markup("h3") { Markup.name(category.name) }
      Markup("p", ["class": "prose"]) { summary }
      charts
      groups
    }
  }

  private var summary: String {
    var text = ""
    if let outcome = category.verdicts ?? category.outcome(deciding) {
      text = SummarySection.outcomeText(
        normal: category.normalCount, anomalous: category.anomalousCount,
        falseAlarms: outcome.falseAlarms, misses: outcome.misses)
    }
    let metrics = [
      ("image AUROC", category.metrics.imageAUROC), ("pixel AUROC", category.metrics.pixelAUROC),
    ].filter { $0.1?.isFinite == true }
      .map { "\($0.0)\u{A0}\(Figures.metric($0.1))" }
    guard let first = metrics.first else { return text }
    let list = ([first.prefix(1).uppercased() + first.dropFirst()] + metrics.dropFirst())
    return text + (text.isEmpty ? "" : " ") + list.joined(separator: ", ") + "."
  }

  @MarkupBuilder
  private var charts: Markup {
    let histogram = HistogramChart(category: category, deciding: deciding).markup()
    let roc = ROCChart(category: category).markup()
    if histogram != nil || roc != nil {
      Markup("div", ["class": "charts"]) {
        histogram
        roc
      }
    }
  }

  private var groups: [Markup] {
    let ordered = ReportContent.Fate.allCases.flatMap { fate in
      category.examples.filter { $0.fate == fate }
    }
    let hasTruth = ordered.contains { $0.examples.contains { $0.groundTruth != nil } }
    let total = ordered.reduce(0) { $0 + $1.examples.count }
    // Strips are numbered through the groups: the enlarged view steps from one to the next.
    var first = 0
    return ordered.map { group in
      defer { first += group.examples.count }
      return ExampleGroupMarkup(
        group: group, category: category, identifier: identifier, first: first, total: total,
        hasTruth: hasTruth
      ).markup()
    }
  }
}

/// What it is worth to send the pictures in doubt to a person.
struct ReviewSection {
  let dial: ReviewDial

  func markup() -> Markup {
    Markup("section", ["id": "review"]) {
      Markup("h2") { "Not sure" }
      Markup("p", ["class": "prose"]) {
        "When a person looks at those of these \(Figures.count(dial.pictures)) test pictures that are in "
          + "doubt, these errors are left among the others, each judged by the category that is "
          + "recognised. In doubt is first what is unknown, then what lies nearest to its threshold, on "
          + "the scale that all categories share."
      }
      table
    }
  }

  private var table: Markup {
    Markup.table("Errors among the rest", style: "outcomes") {
      Markup("thead") {
        Markup("tr") {
          Markup.groupHeading(columns: 2) { "To a person" }
          Markup.groupHeading(columns: 3) { "Left" }
        }
        Markup("tr") {
          for title in ["share", "pictures"] { Markup.columnHeading(title) }
          for title in ["false alarms", "missed", "errors"] { Markup.columnHeading(title) }
        }
      }
      Markup("tbody") {
        for row in dial.byLevel {
          Markup("tr") {
            Markup.rowHeading { Figures.page.share(row.share) }
            Markup.cell(Figures.count(row.sent))
            cells(row)
          }
        }
      }
    }
  }

  @MarkupBuilder
  private func cells(_ row: ReviewDial.Row) -> Markup {
    Markup.cell(Figures.count(row.falseAlarms), style: "first")
    Markup.cell(Figures.count(row.misses))
    Markup.cell(Figures.page.share(row.errorRate))
  }
}
