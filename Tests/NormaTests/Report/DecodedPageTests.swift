import Foundation
import Norma
import NormaReport
import Testing

@Suite struct DecodedPageTests {
  private static let image = Data([0xFF, 0xD8, 0xFF, 0xE0])

  private func row(_ caption: String, _ labels: [String]) -> ReportContent.Portrait.Row {
    .init(
      caption: caption, note: "score 2 <normal>",
      tiles: labels.map { .init(label: $0, image: Self.image) })
  }

  private func page(learned: Bool) -> DecodedPage {
    DecodedPage(
      title: "line & <b>", lede: "RAS", decoderError: learned ? nil : 0.025,
      learned: learned ? row("from nothing", ["all levels"]) : nil,
      sections: [
        .init(
          title: "bottle",
          rows: [row("a <i>.png", ["picture", "step 1", "map"]), row("b.png", ["picture"])]),
        .init(title: "R&D", rows: [row("c.png", ["picture"])]),
      ], toolVersion: "1")
  }

  @Test func isWellFormedAndEscaped() throws {
    let html = page(learned: false).html()
    let parsed = try ParsedPage(html)
    #expect(html == page(learned: false).html())
    #expect(parsed.all("img").count == 5)
    #expect(parsed.all("b").isEmpty && parsed.all("i").isEmpty)
    #expect(
      parsed.all("span", style: "label").map(\.text).prefix(3) == ["picture", "step 1", "map"])
    #expect(html.contains("off by 2.5\u{A0}%"))
    #expect(parsed.element("learned") == nil)
  }

  @Test func eachStripIsALinkToItself() throws {
    let parsed = try ParsedPage(page(learned: true).html())
    for name in ["nothing", "picture-1", "picture-2", "picture-3"] {
      #expect(parsed.element(name) != nil, "\(name)")
    }
    #expect(parsed.all("a", style: "next").count == 2)
    #expect(parsed.all("a", style: "previous").count == 2)
    #expect(try #require(parsed.element("learned")).text.contains("reference alone knows"))
  }
}
