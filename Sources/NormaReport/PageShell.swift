/// What Norma's pages have in common: one HTML page that needs nothing else, well-formed as XML too,
/// with the style sheet inside, a masthead, links to its sections, and a footer.
package struct PageShell {
  /// What the page is about, in the browser's title and as its heading.
  package var title: String
  /// What kind of page it is, beside the wordmark.
  package var kind: String
  /// The line below the heading.
  package var lede: String
  /// Identifiers of sections and what their links say.
  package var links: [(target: String, text: String)]
  package var toolVersion: String
  /// Scripts without an ampersand or a less-than sign, as the page is XML.
  package var script: String
  /// Rules beyond the style sheet that all pages have; without these two signs too.
  package var style: String

  package init(
    title: String, kind: String, lede: String, links: [(target: String, text: String)],
    toolVersion: String, script: String, style: String = ""
  ) {
    self.title = title
    self.kind = kind
    self.lede = lede
    self.links = links
    self.toolVersion = toolVersion
    self.script = script
    self.style = style
  }

  /// The page with `main` between masthead and footer.
  package func html(@MarkupBuilder main: () -> Markup) -> String {
    let page = Markup("html", ["lang": "en"]) {
      head
      Markup("body") {
        masthead
        Markup("main") { main() }
        Markup("footer") {
          "Written by Norma \(toolVersion). "
            + "This page is complete in itself and loads nothing from anywhere."
        }
        Markup("script") { Markup(raw: script) }
      }
    }
    return "<!DOCTYPE html>\n" + page.source + "\n"
  }

  private var head: Markup {
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
      Markup("title") { "\(title) · Norma" }
      Markup("style") { Markup(raw: ReportStyle.source + style) }
    }
  }

  private var masthead: Markup {
    Markup("header", ["class": "masthead"]) {
      Markup("p", ["class": "wordmark"]) {
        Self.square
        Markup("span") { "norma" }
        Markup("span", ["class": "kind"]) { kind }
      }
      Markup("h1") { Markup.name(title) }
      Markup("p", ["class": "lede"]) { lede }
      Markup("nav", ["aria-label": "Sections"]) {
        Markup("ul") {
          for link in links {
            Markup("li") {
              Markup("a", ["href": "#\(link.target)"]) { Markup.name(link.text) }
            }
          }
        }
      }
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
}

/// The page's script: keys for the enlarged view. The page works without it.
enum ReportScript {
  // The page is XML as well: no ampersand and no less-than sign may stand in here.
  static let source = """

    (function () {
      'use strict';
      var keys = { Escape: '.close', ArrowLeft: '.previous', ArrowRight: '.next' };
      function shown() { return document.querySelector('.strip:target'); }
      document.addEventListener('keydown', function (event) {
        var strip = shown();
        var link = strip ? strip.querySelector(keys[event.key] || 'no-such') : null;
        if (link) { event.preventDefault(); link.click(); }
      });
      // Stepping and closing leave no trace behind the back button; opening does.
      document.addEventListener('click', function (event) {
        var strip = shown();
        if (!strip) { return; }
        var link = event.target.closest('.controls a');
        if (!link) { if (event.target === strip) { link = strip.querySelector('.close'); } }
        if (link) { event.preventDefault(); location.replace(link.getAttribute('href')); }
      });
      window.addEventListener('hashchange', function (event) {
        var strip = shown();
        if (strip) { strip.focus({ preventScroll: true }); return; }
        var left = document.getElementById(new URL(event.oldURL).hash.slice(1));
        var opener = left ? left.querySelector('.open') : null;
        if (opener) { opener.focus({ preventScroll: true }); }
      });
    })();

    """
}
