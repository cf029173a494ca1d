import Foundation

/// A test picture beside its heat map, contour and ground truth.
///
/// The strip is a link to itself: as the page's target it fills the window, without a script.
struct ExampleStrip {
  let example: ReportContent.Example
  let isNormal: Bool
  let hasTruth: Bool
  let identifier: String
  /// The strips before and after, for stepping through the enlarged view.
  let previous: String?
  let next: String?

  func markup() -> Markup {
    Markup("li") {
      Markup("figure", ["class": "strip", "id": identifier, "tabindex": "-1"]) {
        Markup("a", ["class": "open", "href": "#\(identifier)", "title": "Enlarge"]) {
          tile("picture", example.picture, alt: "Picture \(example.fileName)")
          tile("heat map", example.heatMap, alt: "Its heat map")
          tile("contour", example.contour, alt: "Its anomalous regions, outlined")
          if hasTruth {
            if isNormal {
              PictureTile.placeholder("ground truth", "normal")
            } else {
              tile("ground truth", example.groundTruth, alt: "Its labelled defect")
            }
          }
        }
        caption
        controls
      }
    }
  }

  private var caption: Markup {
    Markup("figcaption") {
      Markup("span", ["class": "file"]) { Markup.name(example.fileName) }
      Markup("span", ["class": "score"]) {
        "score \(ReportNumbers.value(example.score))"
        if example.pValue != nil {
          Markup("span", ["class": "p"]) { "p\u{A0}\(ReportNumbers.pValue(example.pValue))" }
        }
      }
    }
  }

  /// Shown in the enlarged view only.
  private var controls: Markup {
    Markup("div", ["class": "controls"]) {
      if let previous {
        Markup("a", ["class": "previous", "href": "#\(previous)"]) { "← previous" }
      }
      if let next { Markup("a", ["class": "next", "href": "#\(next)"]) { "next →" } }
      // No element bears this name: going there leaves the page where it was scrolled to.
      Markup("a", ["class": "close", "href": "#closed"]) { "close ×" }
    }
  }

  private func tile(_ label: String, _ image: Data?, alt: String) -> Markup {
    PictureTile(label: label, image: image, alt: alt).markup()
  }
}
