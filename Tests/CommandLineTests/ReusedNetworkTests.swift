import Foundation
import NormaCore
import Testing

extension CommandLineTests {
  /// A trained network looked at in another way, without a second training.
  @Suite struct ReusedNetworkTests {
    private func workshop() async throws -> Workshop {
      let workshop = try Workshop()
      try workshop.makeProducts()
      try workshop.writeRecipe(
        "product.yaml", replacing: ["  window: 3": "  window: 3\n  residual: product"])
      let trained = try await workshop.norma(
        "train", "products", "--recipe", "tiny.yaml", "--output", "norm.norma")
      try #require(trained.status == 0, "\(trained)")
      return workshop
    }

    @Test func itIsWhatATrainingWouldHaveMade() async throws {
      let workshop = try await workshop()
      let reused = try await workshop.norma(
        "train", "products", "--recipe", "product.yaml", "--weights-of", "norm.norma", "--output",
        "reused.norma")
      #expect(reused.status == 0 && reused.output.contains("not trained again"), "\(reused)")
      let trained = try await workshop.norma(
        "train", "products", "--recipe", "product.yaml", "--output", "trained.norma")
      #expect(trained.status == 0, "\(trained)")
      let (first, second) = try (
        ModelFolder.open(workshop.path + "/reused.norma"),
        ModelFolder.open(workshop.path + "/trained.norma")
      )
      for file in [ModelFile.graph, ModelFile.weights, ModelFile.calibration] {
        #expect(try first.data(file) == second.data(file), "\(file)")
      }
      #expect(first.manifest.recipe == second.manifest.recipe)
      let old = try ModelFolder.open(workshop.path + "/norm.norma")
      #expect(try old.data(ModelFile.weights) == first.data(ModelFile.weights))
      #expect(try old.data(ModelFile.graph) != first.data(ModelFile.graph))
      // The page still tells of the training.
      #expect(
        try String(decoding: first.data(ModelFile.report), as: UTF8.self).contains(
          "id=\"training\""))
      #expect(!workshop.exists("reused.norma.training"))
    }

    @Test func withoutARecipeItIsTheModelsOwn() async throws {
      let workshop = try await workshop()
      let again = try await workshop.norma(
        "train", "products", "--weights-of", "norm.norma", "--output", "again.norma")
      #expect(again.status == 0, "\(again)")
      let models = try ["norm", "again"].map {
        try ModelFolder.open(workshop.path + "/\($0).norma")
      }
      for file in [ModelFile.graph, ModelFile.weights, ModelFile.calibration] {
        #expect(try models[0].data(file) == models[1].data(file), "\(file)")
      }
    }

    @Test func whatWouldTrainAnotherNetworkIsRefused() async throws {
      let workshop = try await workshop()
      func refused(_ arguments: String...) async throws -> String {
        let result = try await workshop.start(
          ["train", "products", "--output", "new.norma"] + arguments
        ).result()
        #expect(result.status != 0 && !workshop.exists("new.norma"), "\(result)")
        return result.errors
      }
      let other = try await refused(
        "--recipe", "tiny.yaml", "--weights-of", "norm.norma", "--epochs", "7", "--seed", "3")
      #expect(other.contains("training.epochs is 12 there and 7 here"), "\(other)")
      #expect(other.contains("training.seed is 0 there and 3 here"), "\(other)")
      let method = try await refused(
        "--recipe", "padim", "--backbone", "efficientnet-lite0", "--weights-of", "norm.norma")
      #expect(method.contains("method is ras there and padim here, and more;"), "\(method)")
      let none = try await refused("--weights-of", "nowhere.norma")
      #expect(none.contains("there is no such model"), "\(none)")
      let resumed = try await refused("--weights-of", "norm.norma", "--resume")
      #expect(resumed.contains("--resume"), "\(resumed)")
      let pictures = try DatasetReader.read(workshop.path + "/products").train
      try FileManager.default.removeItem(atPath: #require(pictures.first).path)
      let fewer = try await refused("--weights-of", "norm.norma")
      #expect(fewer.contains("other pictures"), "\(fewer)")
    }

    /// Rows of a plan that differ only in how they look share a training, whichever is first.
    @Test func aPlanTrainsOnceForAllThatLookAtIt() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      let plan = """
        epochs: 3
        resamples: 100
        rows:
          - name: norm
            recipe: tiny.yaml
          - name: product
            recipe: tiny.yaml
            set: {ras.residual: product}
          - name: other
            recipe: tiny.yaml
            set: {ras.residual: product, ras.jitter: 3}

        """
      try workshop.write(Data(plan.utf8), to: "plan.yaml")
      let first = try await workshop.norma(
        "benchmark", "plan.yaml", "products", "--output", "out", "--row", "product")
      #expect(first.status == 0 && !first.output.contains("not trained again"), "\(first)")
      let all = try await workshop.norma(
        "benchmark", "plan.yaml", "products", "--output", "out", "--discard-models")
      #expect(all.status == 0, "\(all)")
      #expect(all.output.components(separatedBy: "not trained again").count == 2, "\(all)")
      let rows = String(decoding: try workshop.data("out/summary.csv"), as: UTF8.self)
        .split(whereSeparator: \.isNewline)
      #expect(rows.count == 4, "\(rows)")
      let alone = try await workshop.norma(
        "benchmark", "plan.yaml", "products", "--output", "alone", "--row", "norm")
      #expect(alone.status == 0, "\(alone)")
      func figures(_ folder: String) throws -> [Substring] {
        let text = String(decoding: try workshop.data(folder + "/results.csv"), as: UTF8.self)
        return text.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("norm,") }
          .map {
            $0.split(separator: ",", omittingEmptySubsequences: false)[..<16].joined(
              separator: ",")[...]
          }
      }
      #expect(try figures("out") == figures("alone"))
    }
  }
}
