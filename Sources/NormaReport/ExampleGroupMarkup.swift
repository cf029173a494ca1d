/// The pictures of a category that share a fate, as strips, the worst first.
struct ExampleGroupMarkup {
  let group: ReportContent.ExampleGroup
  let category: ReportContent.Category
  let identifier: String
  /// The number of the group's first strip among the category's, from 0.
  let first: Int
  /// How many strips the category has.
  let total: Int
  /// Whether the category's strips have a column for the ground truth.
  let hasTruth: Bool

  func markup() -> Markup {
    Markup("div", ["class": "fate \(style)"]) {
      Markup("h4") {
        Markup("span", ["class": "key bar \(style)"])
        title
        Markup("span", ["class": "tally"]) { tally }
      }
      if !group.examples.isEmpty {
        Markup("p", ["class": "columns"]) {
          "picture · heat map · contour" + (hasTruth && !isNormal ? " · ground truth" : "")
        }
        Markup("ul", ["class": hasTruth ? "strips four" : "strips"]) { strips }
      }
    }
  }

  private var isNormal: Bool { group.fate == .falselyFlagged }

  private var style: String {
    switch group.fate {
    case .missed: "missed"
    case .falselyFlagged: "flagged"
    case .caught: "caught"
    }
  }

  private var title: String {
    switch group.fate {
    case .missed: "Missed"
    case .falselyFlagged: "Falsely flagged"
    case .caught: "Caught"
    }
  }

  /// How many, out of how many, and which of them are shown.
  private var tally: String {
    let all = isNormal ? category.normalCount : category.anomalousCount
    let kind = isNormal ? "normal" : "anomalous"
    let count = group.total == 0 ? "none" : ReportNumbers.count(group.total)
    let share = "\(count) of \(ReportNumbers.count(all)) \(kind)"
    let shown = group.examples.count
    guard shown > 0, shown < group.total else { return share }
    let which =
      switch group.fate {
      case .missed: "lowest"
      case .falselyFlagged: "highest"
      case .caught: "narrowest"
      }
    return "\(share), the \(ReportNumbers.count(shown)) \(which) shown"
  }

  private var strips: [Markup] {
    group.fate.worstFirst(group.examples.map(\.score)).enumerated().map { place, index in
      let number = first + place
      return ExampleStrip(
        example: group.examples[index], isNormal: isNormal, hasTruth: hasTruth,
        identifier: strip(number), previous: number > 0 ? strip(number - 1) : nil,
        next: number + 1 < total ? strip(number + 1) : nil
      ).markup()
    }
  }

  private func strip(_ number: Int) -> String { "\(identifier)-picture-\(number + 1)" }
}
