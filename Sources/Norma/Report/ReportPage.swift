/// Writes a report as one HTML page that needs nothing else: style, charts and pictures lie inside.
///
/// The page is well-formed XML as well as HTML, reads in light and dark, on a telephone, on paper
/// and with the keyboard, and does without its script (which only adds keys to the enlarged view).
public enum ReportPage {
  /// The page of `content`, the same text for the same content.
  ///
  /// Everything that comes from `content` is escaped. Sections whose data are absent are left out.
  public static func html(_ content: ReportContent) -> String {
    let page = Markup("html", ["lang": "en"]) {
      head(content)
      Markup("body") {
        masthead(content)
        Markup("main") {
          SummarySection(content: content).markup()
          if let evaluation = content.evaluation {
            ResultsSection(evaluation: evaluation).markup()
            if let dial = evaluation.review { ReviewSection(dial: dial).markup() }
          }
          if let calibration = content.calibration {
            ThresholdsSection(
              calibration: calibration, accuracy: content.evaluation?.autoCategoryAccuracy
            ).markup()
          }
          if let evaluation = content.evaluation {
            CategorySection.all(of: evaluation)
          }
          if let losses = content.losses {
            TrainingSection(history: losses).markup()
          }
          ModelSection(model: content.model).markup()
        }
        Markup("footer") {
          "Written by Norma \(content.model.toolVersion). "
            + "This page is complete in itself and loads nothing from anywhere."
        }
        Markup("script") { Markup(raw: ReportScript.source) }
      }
    }
    return "<!DOCTYPE html>\n" + page.source + "\n"
  }

  private static func head(_ content: ReportContent) -> Markup {
    Markup("head") {
      Markup("meta", ["charset": "utf-8"])
      Markup("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
      Markup("meta", ["name": "color-scheme", "content": "light dark"])
      // A browser holds the page to its word that it loads nothing.
      Markup(
        "meta",
        [
          "http-equiv": "Content-Security-Policy",
          "content": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
            + "script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
        ])
      Markup("link", ["rel": "icon", "href": "data:,"])
      Markup("title") { "\(content.title) · Norma" }
      Markup("style") { Markup(raw: ReportStyle.source) }
    }
  }

  private static func masthead(_ content: ReportContent) -> Markup {
    Markup("header", ["class": "masthead"]) {
      Markup("p", ["class": "wordmark"]) {
        square
        Markup("span") { "norma" }
        Markup("span", ["class": "kind"]) {
          content.evaluation == nil ? "training report" : "evaluation report"
        }
      }
      Markup("h1") { Markup.name(content.title) }
      Markup("p", ["class": "lede"]) {
        "\(content.model.method) on \(content.model.backbone), "
          + "\(content.model.imageSize)\u{A0}px, \(content.model.precision)"
      }
      navigation(content)
    }
  }

  /// The carpenter's square.
  private static var square: Markup {
    Markup(
      "svg",
      [
        "class": "mark", "viewBox": "0 0 20 20", "width": "20", "height": "20",
        "aria-hidden": "true",
      ]
    ) { Markup("path", ["d": "M2 1h5v12h12v5H2z M4.5 4h2.5 M4.5 7h2.5 M4.5 10h2.5"]) }
  }

  private static func navigation(_ content: ReportContent) -> Markup {
    Markup("nav", ["aria-label": "Sections"]) {
      Markup("ul") {
        if let evaluation = content.evaluation {
          link("results", "Results")
          if evaluation.review != nil { link("review", "Not sure") }
          if content.calibration != nil { link("thresholds", "Thresholds") }
          for (index, category) in evaluation.categories.enumerated() {
            link(CategorySection.identifier(index), category.name)
          }
        } else if content.calibration != nil {
          link("thresholds", "Thresholds")
        }
        if content.losses != nil { link("training", "Training") }
        link("model", "Model")
      }
    }
  }

  private static func link(_ target: String, _ text: String) -> Markup {
    Markup("li") { Markup("a", ["href": "#\(target)"]) { Markup.name(text) } }
  }
}
