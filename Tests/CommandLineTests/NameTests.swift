import Foundation
import Norma
import NormaCore
import Testing

extension CommandLineTests {
  /// Names are the user's: with spaces, and in any script.
  @Suite struct NameTests {
    @Test func namesWithSpacesAndLettersOfAllScripts() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      let data = workshop.path + "/Meine Bilder ✓"
      try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: false)
      for (product, name) in [("dotted", "Größe 5"), ("striped", "ねじ")] {
        try FileManager.default.moveItem(
          atPath: workshop.path + "/products/" + product, toPath: data + "/" + name)
      }
      let model = "Modelle für Teile/Größe, alle.norma"
      try FileManager.default.createDirectory(
        atPath: workshop.path + "/Modelle für Teile", withIntermediateDirectories: false)
      try FileManager.default.moveItem(
        atPath: workshop.path + "/tiny.yaml", toPath: workshop.path + "/Rezept Nr. 1.yaml")
      let trained = try await workshop.norma(
        "train", "Meine Bilder ✓", "--output", model, "--recipe", "Rezept Nr. 1.yaml",
        "--epochs", "4")
      #expect(trained.status == 0, "\(trained)")
      let manifest = try ModelFolder.open(workshop.path + "/" + model).manifest
      #expect(manifest.categories == ["Größe 5", "ねじ"])

      let inspected = try await workshop.norma(
        "inspect", model, "Meine Bilder ✓/Größe 5/test", "--category", "Größe 5", "--json",
        "--heatmaps", "Wärme bilder")
      #expect(inspected.status == 0 || inspected.status == 1, "\(inspected)")
      let verdicts = try inspected.verdicts
      #expect(verdicts.count == 7)
      for verdict in verdicts {
        #expect(verdict.category == "Größe 5")
        #expect(verdict.path.contains("Meine Bilder ✓/Größe 5/test/"))
      }
      let maps = FileManager.default.enumerator(atPath: workshop.path + "/Wärme bilder")
      #expect((maps?.allObjects as? [String])?.filter { $0.hasSuffix(".png") }.count == 7)

      let evaluated = try await workshop.norma(
        "evaluate", model, "Meine Bilder ✓", "--json", "--categories", "Größe 5")
      #expect(evaluated.status == 0, "\(evaluated)")
      let figures = try JSONDecoder().decode(Figures.self, from: Data(evaluated.output.utf8))
      #expect(figures.categories.map(\.name) == ["Größe 5"])
      let page = try workshop.data(model + "/report/index.html")
      #expect(String(decoding: page, as: UTF8.self).contains("Größe 5"))

      try FileManager.default.moveItem(
        atPath: data + "/Größe 5/test/good", toPath: workshop.path + "/neue Größe 5")
      try FileManager.default.createDirectory(
        atPath: workshop.path + "/neu", withIntermediateDirectories: false)
      try FileManager.default.moveItem(
        atPath: workshop.path + "/neue Größe 5", toPath: workshop.path + "/neu/Größe 5")
      let calibrated = try await workshop.norma("calibrate", model, "neu")
      #expect(calibrated.status == 0, "\(calibrated)")
      let exported = try await workshop.norma("export", model, "--output", "Graph für alle.onnx")
      #expect(exported.status == 0, "\(exported)")
      #expect(
        try workshop.data("Graph für alle.onnx").count > workshop.data(model + "/graph.onnx").count)
      #expect(try !workshop.data("Graph für alle.reference.json").isEmpty)
    }

    @Test func aTableNamesPicturesWithCommasAndQuotes() async throws {
      let workshop = try Workshop()
      var table = "path,category\n"
      for number in 0..<8 {
        let name = "Bilder, \"neu\"/Teil \(number), links.png"
        try workshop.write(png: Products.dotted.picture(number), to: name)
        table += "\"\(name.replacing("\"", with: "\"\""))\",\"Größe 5, grün\"\n"
      }
      try workshop.write(Data(table.utf8), to: "Liste der Teile.csv")
      let trained = try await workshop.norma(
        "train", "Liste der Teile.csv", "--output", "line.norma", "--recipe", "tiny.yaml",
        "--epochs", "1")
      #expect(trained.status == 0, "\(trained)")
      let model = try ModelFolder.open(workshop.path + "/line.norma")
      #expect(model.manifest.categories == ["Größe 5, grün"])
    }
  }
}
