import Foundation
import NormaCore

/// One of several pictures side by side, with a label for those who enlarge it.
package struct PictureTile {
  let label: String
  let image: Data?
  /// What the picture shows, for those who do not see it.
  let alt: String

  package init(label: String, image: Data?, alt: String) {
    (self.label, self.image, self.alt) = (label, image, alt)
  }

  /// The tile; a placeholder where there is no picture, or one that browsers may not show.
  package func markup() -> Markup {
    guard let image, let type = Self.mediaType(image) else {
      return Self.placeholder(label, "none")
    }
    return Markup("span", ["class": "tile"]) {
      Markup(
        "img",
        [
          "src": "data:\(type);base64,\(image.base64EncodedString())", "alt": alt,
          "decoding": "async",
        ])
      Markup("span", ["class": "label", "aria-hidden": "true"]) { label }
    }
  }

  /// Stands where a picture would.
  static func placeholder(_ label: String, _ text: String) -> Markup {
    Markup("span", ["class": "tile empty"]) {
      Markup("span", ["class": "nothing"]) { text }
      Markup("span", ["class": "label", "aria-hidden": "true"]) { label }
    }
  }

  /// The media type by the file's signature; nil for what browsers may not show.
  private static func mediaType(_ image: Data) -> String? {
    if image.starts(with: [0xFF, 0xD8, 0xFF]) { return "image/jpeg" }
    if image.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return "image/png" }
    if image.starts(with: Array("RIFF".utf8)), image.dropFirst(8).starts(with: Array("WEBP".utf8)) {
      return "image/webp"
    }
    return nil
  }
}

/// Pictures side by side that fill the window when one clicks on them.
///
/// The strip is a link to itself: as the page's target it fills the window, without a script.
struct EnlargeableStrip {
  let identifier: String
  /// The strips before and after, for stepping through the enlarged view.
  let previous: String?
  let next: String?

  func markup(
    @MarkupBuilder tiles: () -> Markup, @MarkupBuilder caption: () -> Markup
  ) -> Markup {
    Markup("li") {
      Markup("figure", ["class": "strip", "id": identifier, "tabindex": "-1"]) {
        Markup("a", ["class": "open", "href": "#\(identifier)", "title": "Enlarge"]) { tiles() }
        Markup("figcaption") { caption() }
        controls
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
}

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
        "score \(Figures.value(example.score))"
        if example.pValue != nil {
          Markup("span", ["class": "p"]) { "p\u{A0}\(Figures.pValue(example.pValue))" }
        }
        if example.isUnknown == true { Markup("span", ["class": "p"]) { "unknown" } }
      }
    }
  }

  private func tile(_ label: String, _ image: Data?, alt: String) -> Markup {
    PictureTile(label: label, image: image, alt: alt).markup()
  }
}

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
    let count = group.total == 0 ? "none" : Figures.count(group.total)
    let share = "\(count) of \(Figures.count(all)) \(kind)"
    let shown = group.examples.count
    guard shown > 0, shown < group.total else { return share }
    let which =
      switch group.fate {
      case .missed: "lowest"
      case .falselyFlagged: "highest"
      case .caught: "narrowest"
      }
    return "\(share), the \(Figures.count(shown)) \(which) shown"
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
