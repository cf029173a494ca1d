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
