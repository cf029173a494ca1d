import NormaCore

/// A page that shows pictures as a model sees them and as it would have them: its features, and those
/// that it rebuilds, decoded.
public struct DecodedPage: Sendable {
  /// What the page is about, in the browser's title and as its heading.
  public var title: String
  /// The line below the heading.
  public var lede: String
  /// Mean absolute error of the decoder on pictures that it has not seen, values from 0 to 1; nil when
  /// nobody measured it.
  public var decoderError: Double?
  /// What is to be known of the method's own pictures; nil when they are plain.
  public var note: String?
  /// What the model rebuilds from nothing; nil for methods that have no such thing.
  public var learned: ReportContent.Portrait.Row?
  /// The pictures, a section a category.
  public var sections: [Section]
  /// The version of Norma that writes the page.
  public var toolVersion: String

  /// The pictures of a category.
  public struct Section: Sendable {
    public var title: String
    public var rows: [ReportContent.Portrait.Row]

    public init(title: String, rows: [ReportContent.Portrait.Row]) {
      (self.title, self.rows) = (title, rows)
    }
  }

  public init(
    title: String, lede: String, decoderError: Double?, note: String? = nil,
    learned: ReportContent.Portrait.Row?,
    sections: [Section], toolVersion: String
  ) {
    (self.title, self.lede, self.decoderError) = (title, lede, decoderError)
    (self.note, self.learned) = (note, learned)
    (self.sections, self.toolVersion) = (sections, toolVersion)
  }

  /// The page, the same text for the same content; everything from it is escaped.
  public func html() -> String {
    let links =
      (learned == nil ? [] : [("learned", "From nothing")])
      + sections.enumerated().map { (Self.identifier($0), $1.title) }
    return PageShell(
      title: title, kind: "portrait", lede: lede,
      links: links.map { (target: $0.0, text: $0.1) }, toolVersion: toolVersion,
      script: ReportScript.source, style: Self.style
    ).html {
      introduction
      if let learned { known(learned) }
      for index in sections.indices { section(index) }
    }
  }

  private var introduction: Markup {
    Markup("section", ["id": "summary"]) {
      Markup("p", ["class": "prose"]) {
        "The model looks at features, not at pixels, and rebuilds them as if the picture were normal. "
          + "A decoder that has learned from good pictures only draws both. \u{201C}As the model sees "
          + "it\u{201D} is all that the features say of the picture; \u{201C}as if normal\u{201D} is "
          + "what the model would expect instead. Where the two differ in their features, the anomaly "
          + "map is high."
      }
      if let note { Markup("p", ["class": "prose"]) { note } }
      Markup("p", ["class": "note"]) {
        "Decoded pictures are coarse: features keep what a thing is more than how each pixel looks, and "
          + "a defect that no good picture shows can only be drawn with what good ones are made of."
        if let decoderError {
          " On good pictures that it has not seen, the decoder is off by "
            + "\(Figures.page.share(decoderError)) of the range from black to white on average."
        }
      }
    }
  }

  private func known(_ row: ReportContent.Portrait.Row) -> Markup {
    Markup("section", ["id": "learned", "class": "portrayed"]) {
      Markup("h2") { "From nothing" }
      Markup("p", ["class": "prose"]) {
        "What the model rebuilds when each token shows the same mean feature: what its learned "
          + "reference alone knows, all categories at once. A single level is drawn with the mean at the "
          + "others."
      }
      Markup("ul", ["class": "strips few"]) { strip(row, "nothing", previous: nil, next: nil) }
    }
  }

  private func section(_ index: Int) -> Markup {
    let section = sections[index]
    let first = sections[..<index].reduce(0) { $0 + $1.rows.count }
    let total = sections.reduce(0) { $0 + $1.rows.count }
    return Markup("section", ["id": Self.identifier(index), "class": "portrayed"]) {
      Markup("h2") { Markup.name(section.title) }
      Markup("ul", ["class": "strips"]) {
        section.rows.enumerated().map { place, row in
          let number = first + place
          return strip(
            row, Self.strip(number), previous: number > 0 ? Self.strip(number - 1) : nil,
            next: number + 1 < total ? Self.strip(number + 1) : nil)
        }
      }
    }
  }

  private func strip(
    _ row: ReportContent.Portrait.Row, _ identifier: String, previous: String?, next: String?
  ) -> Markup {
    EnlargeableStrip(identifier: identifier, previous: previous, next: next).markup {
      for tile in row.tiles {
        PictureTile(
          label: tile.label, image: tile.image, alt: "\(row.caption): \(tile.label)"
        ).markup()
      }
    } caption: {
      Markup("span", ["class": "file"]) { Markup.name(row.caption) }
      if let note = row.note { Markup("span") { note } }
    }
  }

  private static func identifier(_ section: Int) -> String { "category-\(section + 1)" }
  private static func strip(_ number: Int) -> String { "picture-\(number + 1)" }

  // The page is XML as well: no ampersand and no less-than sign may stand in here.
  private static let style = """
    .portrayed .strips { grid-template-columns: minmax(0, 1fr); gap: 1.6rem; }
    .portrayed .open {
      grid-template-columns: none; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr);
      align-items: start;
    }
    .portrayed .few .open { grid-auto-columns: minmax(0, 10rem); }
    .portrayed .label {
      display: block; margin-top: .25rem; font-size: .78rem; line-height: 1.3; color: var(--soft);
    }
    .portrayed .strip:target .open {
      grid-auto-flow: row; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr));
    }
    @media (max-width: 46rem) {
      .portrayed .open { grid-auto-flow: row; grid-template-columns: repeat(3, minmax(0, 1fr)); }
    }

    """
}
