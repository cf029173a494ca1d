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
    if let outcome = category.outcome(deciding) {
      text = SummarySection.outcomeText(
        normal: category.normalCount, anomalous: category.anomalousCount,
        falseAlarms: outcome.falseAlarms, misses: outcome.misses)
    }
    let metrics = [
      ("image AUROC", category.metrics.imageAUROC), ("pixel AUROC", category.metrics.pixelAUROC),
    ].filter { $0.1?.isFinite == true }
      .map { "\($0.0)\u{A0}\(ReportNumbers.metric($0.1))" }
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
