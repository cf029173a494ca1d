import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaReport
import Testing

extension CommandLineTests {
  /// What a recipe says is what is trained.
  @Suite struct RecipeTests {
    private func train(
      _ recipe: String, _ more: String..., in workshop: Workshop
    ) async throws -> CommandResult {
      let trained = try await workshop.start(
        ["train", "products", "--output", "line.norma", "--recipe", recipe] + more
      ).result()
      #expect(trained.status == 0, "\(trained)")
      return trained
    }

    @Test func standardizedFeaturesReachTheGraph() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      try workshop.writeRecipe("standard.yaml", adding: "features:\n  standardize: true\n")
      _ = try await train("standard.yaml", "--epochs", "3", in: workshop)
      let model = try ModelFolder.open(workshop.path + "/line.norma")
      #expect(model.manifest.recipe.features.standardize)
      let stored = try SafeTensors.read(model.data(ModelFile.weights)).tensors
      #expect(stored.keys.contains { $0.hasPrefix("standardization.") }, "the statistics are kept")

      try await workshop.expectEnginesAgree()
    }

    @Test func crossFittingSetsThresholdsWhereNothingIsHeldOut() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      let crossFit = "holdout: 0\n  crossFit:\n    folds: 2\n    epochs: 2"
      try workshop.writeRecipe("cross.yaml", replacing: ["holdout: 0.25": crossFit])
      let trained = try await train("cross.yaml", "--epochs", "3", in: workshop)
      #expect(trained.text.contains("0 held out"), "\(trained)")
      #expect(trained.text.contains("calibrated by cross-fitting"), "\(trained)")
      let model = try ModelFolder.open(workshop.path + "/line.norma")
      let calibration = try Calibration(json: model.data(ModelFile.calibration))
      #expect(calibration.status == .calibrated(from: .crossFit))
      #expect(calibration.shared?.pictures == 24, "every training picture counts")
      let inspected = try await workshop.norma(
        "inspect", "line.norma", "products/dotted/test", "--json")
      #expect(inspected.status == 0 || inspected.status == 1, "\(inspected)")
      let verdicts = try inspected.verdicts
      #expect(verdicts.count == 7 && verdicts.allSatisfy { $0.anomalous != nil }, "\(inspected)")
    }

    @Test func anUncalibratedModelWaitsForItsCalibration() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      try workshop.writeRecipe("all.yaml", replacing: ["holdout: 0.25": "holdout: 0"])
      let trained = try await train("all.yaml", "--epochs", "3", in: workshop)
      #expect(trained.errors.contains("uncalibrated"), "\(trained)")
      #expect(trained.text.contains("norma calibrate"), "what to do")

      let before = try await workshop.norma(
        "inspect", "line.norma", "products/dotted/test", "--json")
      #expect(before.status == 3, "no verdict is no all-clear: \(before)")
      let unjudged = try before.verdicts
      #expect(unjudged.count == 7, "\(before)")
      #expect(unjudged.allSatisfy { $0.anomalous == nil && $0.threshold == nil })

      for product in Products.allCases {
        for number in 400..<410 {
          try workshop.write(
            png: product.picture(number), to: "new/\(product.rawValue)/\(number).png")
        }
      }
      let calibrated = try await workshop.norma("calibrate", "line.norma", "new")
      #expect(calibrated.status == 0, "\(calibrated)")
      let after = try await workshop.norma("inspect", "line.norma", "new", "--json")
      #expect(after.status == 0, "a threshold is above the pictures that it was set by: \(after)")
      #expect(try after.verdicts.allSatisfy { $0.anomalous == false && $0.threshold != nil })
    }

    /// The weights of the best epoch are those that a training of so many epochs ends with.
    @Test func theBestEpochIsKept() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      // A rate that grows to the last step, far beyond what learns: at first the loss falls, then it rises.
      let rate = "  learningRate: 0.5\n"
      let changes = [
        "  epochs: 12\n": "  epochs: 12\n" + rate + "  warmup: 60\n  keep: best\n  clip: 0\n"
      ]
      try workshop.writeRecipe("best.yaml", replacing: changes)
      var seed = 0
      var (best, kept) = try await keptEpoch(seed: seed, in: workshop)
      // Another epoch than the last, or nothing is seen.
      while kept == 12, seed < 5 {
        seed += 1
        (best, kept) = try await keptEpoch(seed: seed, in: workshop)
      }
      #expect(kept < 12)

      try workshop.writeRecipe(
        "last.yaml", replacing: changes.mapValues { $0.replacing("best", with: "last") })
      _ = try await train(
        "last.yaml", "--epochs", "\(kept)", "--seed", "\(seed)", "--force", in: workshop)
      let last = try ModelFolder.open(workshop.path + "/line.norma")
      #expect(try last.data(ModelFile.weights) == best)
    }

    /// The weights that a training keeps, and of which of its twelve epochs they are.
    private func keptEpoch(
      seed: Int, in workshop: Workshop
    ) async throws -> (weights: Data, epoch: Int) {
      _ = try await train("best.yaml", "--seed", "\(seed)", "--force", in: workshop)
      let model = try ModelFolder.open(workshop.path + "/line.norma")
      let content = try ReportContent(encoded: model.data(EvaluationReport.contentFile))
      let losses = try #require(content.losses)
      let kept = try #require(losses.keptEpoch)
      let heldOut = try losses.epochs.map { try #require($0.heldOut) }
      #expect(heldOut.count == 12 && heldOut.min() == heldOut[kept - 1], "\(heldOut), \(kept)")
      return (try model.data(ModelFile.weights), kept)
    }

    /// RLR, with three levels on grids of 16, 8 and 4: trained, calibrated, and the same in both engines.
    @Test func rlrIsTrainedAndExported() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      try workshop.write(
        Data(
          """
          method: rlr
          backbone: {name: efficientnet-lite0, imageSize: 64, padding: dynamic}
          features: {standardize: true}
          rlr: {hidden: [16, 16, 32], heads: 2, layers: 2, windows: [5, 3, 3]}
          training:
            epochs: 4
            batch: 4
            optimizer: adam
            learningRate: 1e-3
            clip: 1
            warmup: 5
            holdout: 0.25

          """.utf8), to: "rlr.yaml")
      let trained = try await train("rlr.yaml", in: workshop)
      #expect(trained.text.contains("Training RLR"), "\(trained)")
      try await workshop.expectEnginesAgree()
      let inspected = try await workshop.norma(
        "inspect", "line.norma", "products/dotted/test", "--json")
      #expect(try inspected.verdicts.count == 7, "\(inspected)")
      #expect(try inspected.verdicts.allSatisfy { $0.threshold != nil }, "\(inspected)")
    }
  }
}
