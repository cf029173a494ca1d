import Foundation
import Norma
import NormaCore
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
      #expect(try !model.calibration().normalUncertainties.isEmpty)

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
        #expect(uncertainty >= 0 && uncertainty <= 0.5 && verdict.review != nil)
      }
      let maps = FileManager.default.enumerator(atPath: workshop.path + "/maps")
      let files = maps?.allObjects as? [String] ?? []
      #expect(files.count { $0.hasSuffix(".uncertainty.png") } == 7)

      let evaluated = try await workshop.norma("evaluate", "line.norma", "products")
      #expect(evaluated.status == 0 && evaluated.output.contains("by uncertainty"), "\(evaluated)")
      // New normal pictures renew the uncertainties too.
      let calibrated = try await workshop.norma(
        "calibrate", "line.norma", "products", "--false-alarm-rate", "0.2")
      #expect(calibrated.status == 0, "\(calibrated)")
      let renewed = try ModelFolder.open(workshop.path + "/line.norma").calibration()
      #expect(
        renewed.normalUncertainties.mapValues(\.count) == renewed.normalScores.mapValues(\.count))
    }

    @Test func withoutHeldOutPicturesCrossFittingGivesTheUncertainties() async throws {
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
      let doubts = calibration.normalUncertainties.values.flatMap { $0 }
      #expect(doubts.count == 24 && doubts.allSatisfy { $0 >= 0 && $0 <= 0.5 })
      #expect(try calibration.reviewThreshold(share: 0.1) != nil)
    }
  }
}
