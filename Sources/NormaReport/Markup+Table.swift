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

  package static func cell(_ text: String, style: String? = nil) -> Markup {
    Markup("td", ["class": style]) { text }
  }
}
