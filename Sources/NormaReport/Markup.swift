/// A piece of HTML that is well-formed XML and escaped by construction.
///
/// Elements are nested by a result builder; a plain string inside one is text, never markup.
package struct Markup: Sendable {
  /// The markup as written to the page.
  package let source: String

  /// Elements that HTML never closes; all others get an end tag, which HTML wants even when empty.
  private static let void: Set<String> = ["meta", "link", "img", "input", "wbr"]

  /// Takes `raw` as it is. For the page's own style sheet and script only.
  init(raw: String) {
    source = raw
  }

  /// Text, escaped.
  package init(text: String) {
    source = Self.escape(text)
  }

  /// An element with its attributes in the order given; those that are nil are left out.
  package init(
    _ name: String, _ attributes: KeyValuePairs<String, String?> = [:],
    @MarkupBuilder content: () -> Markup = { Markup(raw: "") }
  ) {
    var text = "<" + name
    for (key, value) in attributes {
      if let value { text += " \(key)=\"\(Self.escape(value))\"" }
    }
    if Self.void.contains(name) {
      text += "/>"
    } else {
      text += ">"
      text += content().source
      text += "</\(name)>"
    }
    source = text
  }

  /// A name that somebody gave: kept apart from the direction of the text around it, and free to
  /// break after its separators.
  package static func name(_ text: String) -> Markup {
    var parts: [Markup] = []
    var part = ""
    for character in text {
      part.append(character)
      if "_-/.".contains(character) {
        parts += [Markup(text: part), Markup("wbr")]
        part = ""
      }
    }
    parts.append(Markup(text: part))
    return Markup("bdi") { parts }
  }

  /// Escapes text for content and attributes alike.
  ///
  /// Characters that XML cannot hold (most control characters, which a file name may contain)
  /// become U+FFFD.
  package static func escape(_ text: String) -> String {
    var escaped = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "<": escaped.append(contentsOf: "&lt;".unicodeScalars)
      case ">": escaped.append(contentsOf: "&gt;".unicodeScalars)
      case "&": escaped.append(contentsOf: "&amp;".unicodeScalars)
      case "\"": escaped.append(contentsOf: "&quot;".unicodeScalars)
      case "'": escaped.append(contentsOf: "&#39;".unicodeScalars)
      case "\t", "\n": escaped.append(scalar)
      case "\u{0}"..<"\u{20}", "\u{7F}"..<"\u{A0}", "\u{FFFE}", "\u{FFFF}":
        escaped.append("\u{FFFD}")
      default: escaped.append(scalar)
      }
    }
    return String(escaped)
  }
}

/// Joins the children of an element.
@resultBuilder
package enum MarkupBuilder {
  package static func buildExpression(_ text: String) -> Markup { Markup(text: text) }
  package static func buildExpression(_ markup: Markup) -> Markup { markup }
  package static func buildExpression(_ markup: Markup?) -> Markup { markup ?? Markup(raw: "") }
  package static func buildExpression(_ markup: [Markup]) -> Markup { buildArray(markup) }
  package static func buildBlock(_ parts: Markup...) -> Markup { buildArray(parts) }
  package static func buildOptional(_ part: Markup?) -> Markup { part ?? Markup(raw: "") }
  package static func buildEither(first part: Markup) -> Markup { part }
  package static func buildEither(second part: Markup) -> Markup { part }
  package static func buildArray(_ parts: [Markup]) -> Markup {
    Markup(raw: parts.map(\.source).joined())
  }
}

/// The parts that tables are made of.
extension Markup {
  /// A table that scrolls sideways where the page is narrower; `caption` is for those who hear the page.
  package static func table(
    _ caption: String, style: String? = nil, @MarkupBuilder content: () -> Markup
  ) -> Markup {
    Markup(
      "div", ["class": "scroller", "role": "region", "aria-label": caption, "tabindex": "0"]
    ) {
      Markup("table", ["class": style]) {
        Markup("caption", ["class": "unseen"]) { caption }
        content()
      }
    }
  }

  /// The heading of a column.
  package static func columnHeading(_ text: String, style: String? = nil) -> Markup {
    Markup("th", ["scope": "col", "class": style]) { text }
  }

  /// A heading over several columns.
  package static func groupHeading(
    columns: Int, @MarkupBuilder content: () -> Markup
  ) -> Markup {
    Markup(
      "th", ["scope": "colgroup", "colspan": "\(columns)", "class": "group"], content: content)
  }

  /// The heading of a row.
  package static func rowHeading(@MarkupBuilder content: () -> Markup) -> Markup {
    Markup("th", ["scope": "row"], content: content)
  }

  /// A cell of text.
  package static func cell(_ text: String, style: String? = nil) -> Markup {
    Markup("td", ["class": style]) { text }
  }
}
