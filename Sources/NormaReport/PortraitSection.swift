/// What the trained network shows of itself.
struct PortraitSection {
  let portraits: [ReportContent.Portrait]

  func markup() -> Markup {
    Markup("section", ["id": "inside"]) {
      Markup("h2") { "Inside the network" }
      for portrait in portraits {
        Markup("h3") { portrait.title }
        Markup("p", ["class": "prose"]) { portrait.text }
        Markup("ul", ["class": "strips"]) {
          for row in portrait.rows { strip(row) }
        }
      }
    }
  }

  private func strip(_ row: ReportContent.Portrait.Row) -> Markup {
    Markup("li", ["class": row.tiles.count > 5 ? "wide" : nil]) {
      Markup("figure", ["class": "portrait"]) {
        Markup("div", ["class": "side-by-side"]) {
          for tile in row.tiles {
            PictureTile(
              label: tile.label, image: tile.image, alt: "\(row.caption): \(tile.label)"
            ).markup()
          }
        }
        Markup("figcaption") {
          Markup("span", ["class": "file"]) { row.caption }
          Markup("span") { row.tiles.map(\.label).joined(separator: " · ") }
        }
      }
    }
  }
}
