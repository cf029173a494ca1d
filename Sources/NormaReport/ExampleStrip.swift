import Foundation

/// A test picture beside its heat map, contour and ground truth.
struct ExampleStrip {
  let example: ReportContent.Example
  let isNormal: Bool
  let hasTruth: Bool
  let identifier: String
  /// The strips before and after, for stepping through the enlarged view.
  let previous: String?
  let next: String?

  func markup() -> Markup {
    EnlargeableStrip(identifier: identifier, previous: previous, next: next).markup {
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
    } caption: {
      Markup("span", ["class": "file"]) { Markup.name(example.fileName) }
      Markup("span", ["class": "score"]) {
        "score \(ReportNumbers.value(example.score))"
        if example.pValue != nil {
          Markup("span", ["class": "p"]) { "p\u{A0}\(ReportNumbers.pValue(example.pValue))" }
        }
      }
    }
  }

  private func tile(_ label: String, _ image: Data?, alt: String) -> Markup {
    PictureTile(label: label, image: image, alt: alt).markup()
  }
}
