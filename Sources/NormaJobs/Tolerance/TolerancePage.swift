import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaReport

/// The page of a measurement: how much each disturbance costs at most, then each with its charts, a
/// picture at each step, and its table.
struct TolerancePage {
  let result: ToleranceResult
  let sample: ToleranceSample?

  /// The page, the same text for the same content; everything from it is escaped.
  func html() throws -> String {
    let models = result.models.map(\.name)
    let shell = PageShell(
      title: "Tolerance of \(models.joined(separator: ", "))", kind: "tolerance",
      lede: "\(FilePath.name(result.dataset)): "
        + Figures.count(result.pictures, "picture", "pictures") + " of "
        + result.categories.joined(separator: ", "),
      links: [(target: "summary", text: "In short")]
        + result.disturbances.map { (target: $0.name, text: $0.title) },
      toolVersion: NormaVersion.current, script: "", style: ToleranceStyle.source)
    let sections = try result.disturbances.map(section)
    return shell.html {
      summary
      sections
    }
  }

  // MARK: In short

  private var summary: Markup {
    Markup("section", ["id": "summary"]) {
      Markup("h2") { "In short" }
      Markup("p", ["class": "note"]) {
        "Undisturbed, and the worst that any step of a disturbance does, with the step where that is "
          + "worse; in per cent. Image AUROC is the mean over the categories. False alarms are the normal pictures that "
          + "an inspection flags, by the model’s own thresholds."
      }
      Markup.table("The worst of each disturbance") {
        heading(first: "Disturbance", columns: ["image AUROC", "false alarms"])
        Markup("tbody") {
          Markup("tr") {
            Markup.rowHeading { "none" }
            for figures in result.disturbances.first?.steps.first?.models ?? [] {
              Markup.cell(Figures.metric(figures?.imageAUROC), style: "first")
              Markup.cell(Figures.metric(figures?.falseAlarmRate))
            }
          }
          for disturbance in result.disturbances {
            Markup("tr") {
              Markup.rowHeading {
                Markup("a", ["href": "#\(disturbance.name)"]) { disturbance.title }
              }
              for index in result.models.indices {
                worst(disturbance, index, \.imageAUROC, style: "first") { $0 < $1 }
                worst(disturbance, index, \.falseAlarmRate) { $0 > $1 }
              }
            }
          }
        }
      }
    }
  }

  private func worst(
    _ disturbance: ToleranceResult.Disturbance, _ model: Int,
    _ value: (ToleranceResult.Figures) -> Double?, style: String? = nil,
    isWorse: (Double, Double) -> Bool
  ) -> Markup {
    let values = disturbance.steps.dropFirst().compactMap { step in
      step.models[model].flatMap(value).map { (value: $0, label: step.label) }
    }
    guard let worst = values.min(by: { isWorse($0.value, $1.value) }) else {
      return Markup.cell(Figures.absent, style: style)
    }
    let undisturbed = disturbance.steps.first?.models[model].flatMap(value)
    return Markup("td", ["class": style]) {
      Figures.metric(worst.value)
      if undisturbed.map({ isWorse(worst.value, $0) }) ?? true {
        Markup("small", ["class": "at"]) { " at \(worst.label)" }
      }
    }
  }

  // MARK: A disturbance

  private func section(_ disturbance: ToleranceResult.Disturbance) throws -> Markup {
    let drawings = try sample?.drawings(of: disturbance) ?? []
    let image = chart("image AUROC", disturbance, coversAll: false) { $0.imageAUROC }
    let alarms = chart("normal pictures flagged", disturbance, coversAll: true) {
      $0.falseAlarmRate
    }
    return Markup("section", ["id": disturbance.name]) {
      Markup("h2") { disturbance.title }
      Markup("p", ["class": "note"]) { "Steps: \(disturbance.unit)." }
      image.legend()
      Markup("div", ["class": "pair"]) {
        image.markup()
        alarms.markup()
      }
      pictures(drawings, disturbance)
      figures(disturbance)
    }
  }

  private func chart(
    _ title: String, _ disturbance: ToleranceResult.Disturbance, coversAll: Bool,
    _ value: (ToleranceResult.Figures) -> Double?
  ) -> StepChart {
    let ordered = disturbance.inOrder
    return StepChart(
      title: title, stepTitle: disturbance.unit, steps: ordered.map(\.step.label),
      reference: ordered.firstIndex { $0.place == 0 },
      lines: result.models.enumerated().map { index, model in
        StepChart.Line(
          name: model.name, style: ToleranceStyle.line(index),
          values: ordered.map { $0.step.models[index].flatMap(value) })
      }, coversAll: coversAll)
  }

  @MarkupBuilder
  private func pictures(
    _ drawings: [(label: String, jpeg: Data)], _ disturbance: ToleranceResult.Disturbance
  ) -> Markup {
    if let sample, !drawings.isEmpty {
      Markup("figure", ["class": "samples"]) {
        Markup("div", ["class": "side-by-side"]) {
          for drawing in drawings {
            PictureTile(
              label: drawing.label, image: drawing.jpeg,
              alt: "\(disturbance.title), step \(drawing.label)"
            ).markup()
          }
        }
        Markup("figcaption") {
          Markup("span", ["class": "file"]) { Markup.name(sample.name) }
          if sample.hasMask { Markup("span") { "the line: what people marked" } }
        }
      }
    }
  }

  private func figures(_ disturbance: ToleranceResult.Disturbance) -> Markup {
    Markup.table("\(disturbance.title), step by step") {
      heading(
        first: "Step", columns: ["image AUROC", "pixel AUROC", "false alarms", "misses"])
      Markup("tbody") {
        for step in disturbance.steps {
          Markup("tr") {
            Markup.rowHeading { step.label }
            for figures in step.models {
              Markup.cell(Figures.metric(figures?.imageAUROC), style: "first")
              Markup.cell(Figures.metric(figures?.pixelAUROC))
              Markup.cell(Figures.metric(figures?.falseAlarmRate))
              Markup.cell(Figures.metric(figures?.missRate))
            }
          }
        }
      }
    }
  }

  // MARK: Parts

  /// Each model's name over its columns.
  private func heading(first: String, columns: [String]) -> Markup {
    Markup("thead") {
      Markup("tr") {
        Markup("th", ["scope": "col", "rowspan": "2"]) { first }
        for model in result.models {
          Markup.groupHeading(columns: columns.count) { Markup.name(model.name) }
        }
      }
      Markup("tr") {
        for _ in result.models {
          for (index, column) in columns.enumerated() {
            Markup.columnHeading(column, style: index == 0 ? "first" : nil)
          }
        }
      }
    }
  }
}

/// What the page of a measurement has beyond the style sheet of all pages.
enum ToleranceStyle {
  /// How many models can be told apart by their lines.
  static let lines = 6

  /// The style class of a model's line.
  static func line(_ model: Int) -> String { "line-\(model % lines)" }

  // The page is XML as well: no ampersand and no less-than sign may stand in here. The colours are Okabe
  // and Ito's, which colour-blind eyes tell apart, darkened on paper and lightened on black.
  static let source =
    """
    :root {
      --line-0: #0072b2; --line-1: #c2502b; --line-2: #00805e; --line-3: #9c4f86; --line-4: #8a6d00;
      --line-5: #444a50;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --line-0: #56b4e9; --line-1: #f08a60; --line-2: #3fc79f; --line-3: #e0a1cb;
        --line-4: #f0d04a; --line-5: #c3c7cc;
      }
    }
    .chart.steps { height: 16rem; }
    .pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem 2.5rem; }
    .pair { margin-top: .9rem; }
    .samples { margin: 1.2rem 0; }
    .samples .label { display: block; margin-top: .25rem; font-size: .78rem; }
    .samples .label { color: var(--soft); text-align: center; }
    .at { color: var(--soft); }
    tbody th { min-width: 5rem; }
    @media (max-width: 46rem) {
      .pair { grid-template-columns: minmax(0, 1fr); }
      .samples .side-by-side { flex-wrap: wrap; }
      .samples .side-by-side .tile { flex: 1 1 5rem; }
    }

    """
    + (0..<lines).map { number in
      """
      .curve.line-\(number) { stroke: var(--line-\(number)); }
      .dot.line-\(number) { fill: var(--line-\(number)); }
      .key.line-\(number) { border-color: var(--line-\(number)); }

      """
    }.joined()
}
