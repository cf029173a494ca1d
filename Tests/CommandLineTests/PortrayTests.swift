import Foundation
import NormaCore
import Testing

extension CommandLineTests {
  /// What a model takes for normal, as a page.
  @Suite struct PortrayTests {
    private func count(_ text: String, in page: String) -> Int {
      page.components(separatedBy: text).count - 1
    }

    @Test func drawsIntoTheModelOnceLearned() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      let drawn = try await workshop.norma(
        "portray", "line.norma", "products", "--steps", "20", "--count", "2")
      #expect(drawn.status == 0 && drawn.output.contains("Training the decoder"), "\(drawn)")
      #expect(drawn.errors.isEmpty, "\(drawn)")
      // The model is whole, and has one file more.
      let model = try ModelFolder.open(workshop.path + "/line.norma")
      let page = String(decoding: try model.data("report/portrait.html"), as: UTF8.self)
      // Of each category a defective picture and a good one: picture, features, rebuilt, map.
      #expect(count("<img ", in: page) == 2 * 2 * 4)
      #expect(count("as if normal (step 1)", in: page) >= 4)
      #expect(page.contains("noise/") && page.contains("striped") && page.contains("dotted"))

      // What was learned is kept, and the same page comes of it.
      let again = try await workshop.norma(
        "portray", "line.norma", "products", "--steps", "20", "--count", "2", "--output",
        "pages/again.html")
      #expect(again.status == 0 && again.output.contains("was there already"), "\(again)")
      #expect(try workshop.data("pages/again.html") == Data(page.utf8))
      let refused = try await workshop.norma(
        "portray", "line.norma", "products", "--steps", "20", "--output", "pages/again.html")
      #expect(refused.status == 3 && refused.errors.contains("--force"), "\(refused)")
    }

    @Test func theDecoderIsTheSameEachTime() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      var pages: [Data] = []
      for name in ["a.html", "b.html"] {
        for folder in ["decoders"] {
          try? FileManager.default.removeItem(atPath: workshop.home + "/" + folder)
        }
        let drawn = try await workshop.norma(
          "portray", "line.norma", "products", "--steps", "10", "--count", "1", "-o", name)
        #expect(drawn.status == 0 && drawn.output.contains("Training the decoder"), "\(drawn)")
        pages.append(try workshop.data(name))
      }
      #expect(pages[0] == pages[1])
    }

    @Test func drawsPicturesThatAreNamed() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      try workshop.write(Data("no picture".utf8), to: "broken.png")
      let drawn = try await workshop.norma(
        "portray", "line.norma", "products", "--steps", "10", "-o", "page.html", "--pictures",
        "products/dotted/test/noise", "broken.png")
      #expect(drawn.status == 2 && drawn.errors.contains("broken.png"), "\(drawn)")
      let page = String(decoding: try workshop.data("page.html"), as: UTF8.self)
      #expect(count("<img ", in: page) == 3 * 4)

      for (arguments, word) in [
        (["--pictures", "nowhere.png"], "nowhere.png: there is no such file"),
        (["--pictures", "broken.png"], "broken.png"),
      ] {
        let failed = try await workshop.start(
          ["portray", "line.norma", "products", "--steps", "10", "-o", "none.html"] + arguments
        ).result()
        #expect(failed.status == 3 && failed.errors.contains(word), "\(failed)")
        #expect(!workshop.exists("none.html"))
      }
    }

    @Test func rlrShowsWhatItKnows() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      try workshop.writeRecipe(
        "rlr.yaml",
        adding: """
          method: rlr
          features: {standardize: true}
          rlr: {levels: [8, 16], hidden: [32, 32], windows: [3, 3], heads: 2, layers: 1}

          """)
      let trained = try await workshop.norma(
        "train", "products", "--output", "line.norma", "--recipe", "rlr.yaml")
      #expect(trained.status == 0, "\(trained)")
      let drawn = try await workshop.norma(
        "portray", "line.norma", "products", "--steps", "10", "--count", "1", "-o", "page.html")
      #expect(drawn.status == 0, "\(drawn)")
      let page = String(decoding: try workshop.data("page.html"), as: UTF8.self)
      #expect(count("<img ", in: page) == 3 + 2 * 4)
      #expect(page.contains("8×8 tokens alone") && page.contains("as if normal (rebuilt)"))
    }

    @Test func whatRebuildsNothingIsNotDrawn() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      try workshop.writeRecipe("fit.yaml", adding: "method: padim\npadim: {dimensions: 20}\n")
      let trained = try await workshop.norma(
        "train", "products", "--output", "line.norma", "--recipe", "fit.yaml")
      #expect(trained.status == 0, "\(trained)")
      let refused = try await workshop.norma("portray", "line.norma", "products")
      #expect(refused.status == 3, "\(refused)")
      for word in ["PaDiM rebuilds nothing", "RAS", "norma inspect --heatmaps"] {
        #expect(refused.errors.contains(word), "\(word) in\n\(refused)")
      }
    }
  }
}
