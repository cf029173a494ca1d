import Foundation
import Norma
import NormaCore
import NormaReport
import Testing

@Suite struct ReportPageTests {
  @Test(arguments: [ReportFixture.trained, ReportFixture.evaluated])
  func pageIsWellFormedAndTheSameEachTime(content: ReportContent) throws {
    let page = ReportPage.html(content)
    #expect(page == ReportPage.html(content))
    #expect(page.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
    let parsed = try ParsedPage(page)
    let identifiers = parsed.elements.compactMap { $0.attributes["id"] }
    #expect(Set(identifiers).count == identifiers.count)
    // "#closed" leads nowhere on purpose: it closes the enlarged view.
    for link in parsed.all("a").compactMap({ $0.attributes["href"] }) where link != "#closed" {
      #expect(identifiers.contains(String(link.dropFirst())), "\(link) leads nowhere")
    }
  }

  @Test func pageLoadsNothing() throws {
    let page = ReportPage.html(ReportFixture.evaluated)
    #expect(!page.contains("http://"))
    #expect(!page.contains("https://"))
    #expect(!page.contains("@import"))
    #expect(!page.contains("url("))
    for element in try ParsedPage(page).elements {
      if let source = element.attributes["src"] { #expect(source.hasPrefix("data:image/")) }
      if let link = element.attributes["href"] {
        #expect(link.hasPrefix("#") || link == "data:,")
      }
    }
  }

  @Test func everyImageSaysWhatItShows() throws {
    let images = try ParsedPage(ReportPage.html(ReportFixture.evaluated)).all("img")
    #expect(images.count == 2 * (3 * 4 + 3))
    #expect(images.allSatisfy { $0.attributes["alt"]?.isEmpty == false })
    #expect(images.contains { $0.attributes["src"]?.hasPrefix("data:image/png;base64,") == true })
    #expect(images.contains { $0.attributes["alt"] == "Picture cut/1.jpg" })
  }

  @Test func whatTheContentSaysIsTextNotMarkup() throws {
    let evil = "<script>alert('1')</script> & \"2\" \u{1}\u{0B}]]>"
    let shown = "<script>alert('1')</script> & \"2\" \u{FFFD}\u{FFFD}]]>"
    var content = ReportFixture.evaluated
    content.title = evil
    content.model.method = evil
    content.model.recipe = evil
    content.model.toolVersion = evil
    content.model.more = [.init(evil, evil)]
    content.calibration?.categories[0].category = evil
    content.evaluation?.dataset = evil
    content.evaluation?.note = evil
    content.evaluation?.categories[0].name = evil
    content.evaluation?.categories[0].examples[0].examples[0].fileName = evil
    let page = ReportPage.html(content)
    #expect(!page.contains("<script>alert"))
    let parsed = try ParsedPage(page)
    #expect(parsed.all("script").count == 1)
    #expect(parsed.all("h1").map(\.text) == [shown])
    #expect(parsed.all("code").last?.text == shown)
    #expect(parsed.all("span", style: "file").map(\.text).contains(shown))
    #expect(parsed.all("img").contains { $0.attributes["alt"] == "Picture \(shown)" })
    #expect(parsed.element("category-1")?.text.contains(shown) == true)
  }

  @Test func probabilitiesAreDrawnWhereverTheyWereMeasured() throws {
    var counter = ReliabilityDiagram.Counter()
    for index in 0..<20 { try counter.add(Float(index) / 20, truth: index > 12 ? 1 : 0) }
    let diagram = try #require(counter.diagram)
    for (made, found) in [(diagram, nil), (nil, diagram), (diagram, diagram)] {
      var content = found == nil ? ReportFixture.trained : ReportFixture.evaluated
      content.reliability = made
      content.evaluation?.reliability = found
      #expect(try ReportContent(encoded: content.encoded()) == content)
      let page = try ParsedPage(ReportPage.html(content))
      let section = try #require(page.element("reliability"))
      #expect(page.all("a").contains { $0.attributes["href"] == "#reliability" })
      let charts = [made, found].compactMap { $0 }.count
      let error =
        "Expected calibration error "
        + Figures.page.share(diagram.expectedCalibrationError)
      #expect(section.text.components(separatedBy: error).count == charts + 1)
      let hints = page.all("title").count { $0.text.hasPrefix("said ") }
      #expect(hints == charts * diagram.bins.count)
    }
  }

  @Test func absentPartsLeaveNoSection() throws {
    func sections(_ content: ReportContent) throws -> [String] {
      try ParsedPage(ReportPage.html(content)).all("section").compactMap { $0.attributes["id"] }
    }
    var content = ReportFixture.evaluated
    #expect(
      try sections(content) == [
        "summary", "results", "thresholds", "categories", "category-1", "category-2", "training",
        "model",
      ])
    content.evaluation = nil
    #expect(try sections(content) == ["summary", "thresholds", "training", "model"])
    content.calibration = nil
    content.losses = nil
    #expect(try sections(content) == ["summary", "model"])
    content.portraits = [
      .init(
        title: "What it has learned", text: "Colours.",
        rows: [
          .init(caption: "8×8 tokens", tiles: [.init(label: "look", image: ReportFixture.png)])
        ])
    ]
    #expect(try sections(content) == ["summary", "inside", "model"])
    let images = try ParsedPage(ReportPage.html(content)).all("img")
    #expect(images.map { $0.attributes["alt"] } == ["8×8 tokens: look"])
    content.portraits = []
    #expect(try sections(content) == ["summary", "model"])
    content.model.recipe = nil
    #expect(try ParsedPage(ReportPage.html(content)).all("details").isEmpty)
    content.losses = .init()
    #expect(try sections(content) == ["summary", "model"])
  }

  @Test func undefinedMetricsAreDashes() throws {
    var content = ReportFixture.evaluated
    content.evaluation?.categories[0].metrics = .init(
      imageAUROC: nil, imageAP: .nan, imageF1Max: .infinity, pixelAUROC: 0.98765, pixelAP: 0,
      aupro: 1)
    content.evaluation?.categories[0].shared = nil
    let parsed = try ParsedPage(ReportPage.html(content))
    let cells = parsed.all("td").prefix(6).map(\.text)
    #expect(cells == ["–", "–", "–", "98.8", "0.0", "100.0"])
    let page = parsed.all("body").map(\.text).joined().lowercased()
    #expect(!page.contains(" nan") && !page.contains(" inf"))
  }

  @Test func headlineCountsByTheDecidingThreshold() throws {
    func headline(_ content: ReportContent) throws -> String? {
      try ParsedPage(ReportPage.html(content)).all("p", style: "headline").first?.text
    }
    var content = ReportFixture.evaluated
    #expect(
      try headline(content)
        == "Caught 8 of 10 anomalous pictures; falsely flagged 2 of 8 normal ones.")
    content.evaluation?.deciding = .own
    #expect(
      try headline(content)
        == "Caught 8 of 10 anomalous pictures; falsely flagged none of 8 normal ones.")
    content.evaluation?.categories[1].own = nil
    #expect(try headline(content)?.contains("no thresholds to judge them by") == true)
    content.evaluation = nil
    #expect(
      try headline(content)
        == "Trained on 1,198 normal pictures of 2 categories in 14\u{A0}min 20\u{A0}s. "
        + "Not yet evaluated.")
  }

  @Test func picturesComeWorstFirstAndMissedBeforeCaught() throws {
    let parsed = try ParsedPage(ReportPage.html(ReportFixture.evaluated))
    #expect(
      parsed.all("span", style: "file").prefix(4).map(\.text)
        == ["cut/3.jpg", "good/4.jpg", "cut/2.jpg", "cut/1.jpg"])
    #expect(
      parsed.all("span", style: "tally").prefix(3).map(\.text) == [
        "1 of 5 anomalous", "1 of 4 normal", "4 of 5 anomalous, the 2 narrowest shown",
      ])
    // A normal picture has no ground truth to show.
    #expect(parsed.all("span", style: "nothing").prefix(1).map(\.text) == ["normal"])
  }

  @Test func unknownImagesAreNotEmbedded() throws {
    var content = ReportFixture.evaluated
    content.evaluation?.categories[0].examples = [
      .init(
        fate: .missed, total: 1,
        examples: [
          .init(fileName: "a.svg", score: 1, picture: Data("<svg onload='x'/>".utf8))
        ])
    ]
    content.evaluation?.categories.removeLast()
    let parsed = try ParsedPage(ReportPage.html(content))
    #expect(parsed.all("img").isEmpty)
    #expect(parsed.all("span", style: "nothing").count == 3)
  }

  @Test func calibrationSaysWhatItMeans() throws {
    func text(_ content: ReportContent) throws -> String {
      try #require(try ParsedPage(ReportPage.html(content)).element("thresholds")).text
    }
    var content = ReportFixture.evaluated
    #expect(try text(content).contains("21 normal pictures held out of training"))
    #expect(try text(content).contains("4.5\u{A0}% of normal pictures are expected above"))
    #expect(try text(content).contains("1.0\u{A0}% was asked for"))
    #expect(try text(content).contains("recognised the category of 75.0\u{A0}%"))
    content.calibration?.categories[0].threshold.isExtrapolated = true
    #expect(try text(content).contains("extrapolated tail"))
    content.calibration?.categories[0].threshold.basis = .standardized
    #expect(try text(content).contains("21 pictures of all"))
    content.calibration = .init(source: nil, requestedRate: 0.01)
    #expect(try text(content).contains("uncalibrated"))
    #expect(try text(content).contains("norma calibrate MODEL FOLDER"))
  }

  @Test func lossesThatNoLogarithmHoldsGetTheLinearChartOnly() throws {
    var content = ReportFixture.trained
    #expect(try ParsedPage(ReportPage.html(content)).all("input").count == 2)
    #expect(try ParsedPage(ReportPage.html(content)).all("div", style: "loss").count == 2)
    content.losses?.epochs[3].training = 0
    content.losses?.epochs[4].training = .nan
    let parsed = try ParsedPage(ReportPage.html(content))
    #expect(parsed.all("input").isEmpty)
    #expect(parsed.all("div", style: "loss").count == 1)
    content.losses?.epochs = [.init(training: 0.5, seconds: 1)]
    #expect(try ParsedPage(ReportPage.html(content)).all("div", style: "loss").count == 2)
  }

  @Test func contentSurvivesStoring() throws {
    var content = ReportFixture.evaluated
    content.losses?.epochs[0].heldOut = .infinity
    content.evaluation?.categories[0].normalScores[0] = -.infinity
    let stored = try content.encoded()
    #expect(try ReportContent(encoded: stored) == content)
    #expect(try content.encoded() == stored)
    #expect(throws: DecodingError.self) { try ReportContent(encoded: Data("{}".utf8)) }
  }
}

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
