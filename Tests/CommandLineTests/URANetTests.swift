import Foundation
import Norma
import NormaCore
import NormaFiles
import Testing

extension CommandLineTests {
  /// A model that knows how sure it is, from training to the dial.
  @Suite struct URANetTests {
    private static let section = """
      method: uranet
      features:
        standardize: true
      uranet:
        hidden: 32
        heads: 2
        feedforward: 32
        blocks: 1
        prototypes: 8
        smoothing: 1
        perception:
          width: 16

      """

    @Test func fromTrainingToTheDial() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      try workshop.writeRecipe("ura.yaml", adding: Self.section)
      let trained = try await workshop.norma(
        "train", "products", "--output", "line.norma", "--recipe", "ura.yaml")
      #expect(trained.status == 0, "\(trained)")
      let model = try ModelFolder.open(workshop.path + "/line.norma")
      #expect(model.manifest.method == "uranet")
      #expect(try !model.calibration().normalSuspicions.isEmpty)

      try await workshop.expectEnginesAgree()

      let inspected = try await workshop.norma(
        "inspect", "line.norma", "products/dotted/test", "--json", "--review-share", "0.2",
        "--uncertainty-maps", "maps")
      let verdicts = try inspected.lines.map {
        try JSONDecoder().decode(Verdict.self, from: Data($0.utf8))
      }
      #expect(verdicts.count == 7, "\(inspected)")
      for verdict in verdicts {
        let uncertainty = try #require(verdict.uncertainty)
        #expect(uncertainty >= 0 && uncertainty <= 1 && verdict.review != nil)
      }
      let maps = FileManager.default.enumerator(atPath: workshop.path + "/maps")
      let files = maps?.allObjects as? [String] ?? []
      #expect(files.count { $0.hasSuffix(".uncertainty.png") } == 7)

      let evaluated = try await workshop.norma("evaluate", "line.norma", "products")
      #expect(evaluated.status == 0 && evaluated.output.contains("those in doubt"), "\(evaluated)")
      let figures = try await workshop.norma(
        "evaluate", "line.norma", "products", "--json", "--no-report")
      #expect(figures.output.contains("expectedCalibrationError"), "\(figures)")
      let page = String(
        decoding: try ModelFolder.open(workshop.path + "/line.norma").data(ModelFile.report),
        as: UTF8.self)
      for words in ["Made-up anomalies on held-out", "Defects of the test", "pasted: noise"] {
        #expect(page.contains(words), "\(words)")
      }
      // New normal pictures renew the suspicions too.
      let calibrated = try await workshop.norma(
        "calibrate", "line.norma", "products", "--false-alarm-rate", "0.2",
        "--allow-training-pictures")
      #expect(calibrated.status == 0, "\(calibrated)")
      let renewed = try ModelFolder.open(workshop.path + "/line.norma").calibration()
      #expect(
        renewed.normalSuspicions.mapValues(\.count) == renewed.normalScores.mapValues(\.count))
    }

    /// Texture comes to both ways of training, over the same twins, and the score of a part of the map
    /// to the graph.
    @Test func texturedTwinsAreTheSameInBothEngines() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      let section = Self.section
        .replacingOccurrences(of: "standardize: true", with: "standardize: true\n  precision: f32")
        .replacingOccurrences(
          of: "  smoothing: 1\n",
          with: "  smoothing: 1\n  score: top\n  topShare: 0.05\n"
            + "  synthesis:\n    sources: [texture]\n")
      try workshop.writeRecipe("ura.yaml", adding: section)
      let trained = try await workshop.norma(
        "train", "products", "--output", "line.norma", "--recipe", "ura.yaml", "--epochs", "3")
      #expect(trained.status == 0, "\(trained)")
      try await workshop.expectEnginesAgree()
      let again = try await workshop.norma(
        "train", "products", "--output", "again.norma", "--recipe", "ura.yaml", "--epochs", "3")
      #expect(again.output.contains("Features of 48 pictures were there already"), "\(again)")
      // The same pictures without texture have features of their own.
      try workshop.writeRecipe(
        "plain.yaml",
        adding: section.replacingOccurrences(of: "[texture]", with: "[noise]"))
      let plain = try await workshop.norma(
        "train", "products", "--output", "plain.norma", "--recipe", "plain.yaml", "--epochs", "1")
      #expect(plain.status == 0 && !plain.output.contains("were there already"), "\(plain)")

      let stored = try await workshop.norma(
        "store", "products", "--output", "products.store", "--image-size", "64")
      #expect(stored.status == 0, "\(stored)")
      let elsewhere = try await workshop.train(
        "products.store", "--output", "store.norma", "--recipe", "ura.yaml", "--epochs", "3")
      #expect(elsewhere.status == 0, "\(elsewhere)")
      func weights(_ model: String) throws -> [String: WeightTensor] {
        try SafeTensors.read(workshop.data("\(model)/weights.safetensors")).tensors
      }
      let (line, store, repeated) = (
        try weights("line.norma"), try weights("store.norma"), try weights("again.norma")
      )
      #expect(line.mapValues(\.values) == repeated.mapValues(\.values))
      for (name, tensor) in line {
        let values = try #require(store[name]).values
        let worst = zip(tensor.values, values).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
        let largest = tensor.values.reduce(Float(0)) { max($0, abs($1)) }
        #expect(worst <= 5e-3 * max(largest, 0.1), "\(name): \(worst) of \(largest)")
      }
    }

    @Test func withoutHeldOutPicturesCrossFittingGivesTheSuspicions() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      try workshop.writeRecipe(
        "cross.yaml", adding: Self.section,
        replacing: [
          "holdout: 0.25": "holdout: 0\n  crossFit:\n    folds: 2\n    epochs: 2"
        ])
      let trained = try await workshop.norma(
        "train", "products", "--output", "line.norma", "--recipe", "cross.yaml", "--epochs", "2")
      #expect(trained.status == 0, "\(trained)")
      let calibration = try ModelFolder.open(workshop.path + "/line.norma").calibration()
      let suspicions = calibration.normalSuspicions.values.flatMap { $0 }
      #expect(suspicions.count == 24 && suspicions.allSatisfy { $0 >= 0 && $0 <= 1 })
      #expect(try calibration.reviewThreshold(share: 0.1) != nil)
    }
  }
}
