import Foundation
import Norma
import NormaCore
import Testing

extension CommandLineTests {
  /// Methods that are fitted rather than trained go the same way, from pictures to verdicts.
  @Suite struct FittedMethodTests {
    private static let sections = [
      "patchcore": "method: patchcore\npatchcore: {share: 0.2}\n",
      "padim": "method: padim\npadim: {dimensions: 20}\n",
      "reweighted": "method: patchcore\npatchcore: {share: 0.2, score: reweighted}\n",
    ]

    private func workshop(_ method: String, holdout: String = "holdout: 0.25") throws -> Workshop {
      let workshop = try Workshop()
      try workshop.makeProducts()
      try workshop.writeRecipe(
        "fit.yaml", adding: Self.sections[method] ?? "", replacing: ["holdout: 0.25": holdout])
      return workshop
    }

    @Test(arguments: [("patchcore", "PatchCore"), ("padim", "PaDiM")])
    func fromPicturesToVerdicts(method: String, title: String) async throws {
      let workshop = try workshop(method)
      let trained = try await workshop.norma(
        "train", "products", "--output", "line.norma", "--recipe", "fit.yaml")
      #expect(trained.status == 0 && trained.output.contains(title), "\(trained)")
      let model = try ModelFolder.open(workshop.path + "/line.norma")
      #expect(model.manifest.method == method)
      #expect(try model.calibration().status == .calibrated(from: .holdout))
      let page = String(decoding: try model.data(ModelFile.report), as: UTF8.self)
      #expect(page.contains(title) && !page.contains("Training loss"))
      #expect(!workshop.exists("line.norma.training"))

      try await workshop.expectEnginesAgree()

      let inspected = try await workshop.norma(
        "inspect", "line.norma", "products/dotted/test", "--json")
      let verdicts = try inspected.verdicts
      #expect(verdicts.count == 7 && verdicts.allSatisfy { $0.anomalous != nil }, "\(inspected)")
      let evaluated = try await workshop.norma("evaluate", "line.norma", "products")
      #expect(evaluated.status == 0, "\(evaluated)")

      // The same again is the same model; one that is there is not replaced.
      let refused = try await workshop.norma(
        "train", "products", "--output", "line.norma", "--recipe", "fit.yaml", "--resume")
      #expect(refused.status == 3 && refused.errors.contains("nothing to resume"), "\(refused)")
      let again = try await workshop.norma(
        "train", "products", "--output", "again.norma", "--recipe", "fit.yaml")
      #expect(again.status == 0, "\(again)")
      for file in [ModelFile.weights, ModelFile.graph, ModelFile.calibration] {
        #expect(
          try workshop.data("line.norma/\(file)") == workshop.data("again.norma/\(file)"), "\(file)"
        )
      }
    }

    @Test func aReweightedScoreIsTheSameInEveryEngine() async throws {
      let workshop = try workshop("reweighted")
      let trained = try await workshop.norma(
        "train", "products", "--output", "line.norma", "--recipe", "fit.yaml")
      #expect(trained.status == 0, "\(trained)")
      try await workshop.expectEnginesAgree()
    }

    @Test(arguments: ["patchcore", "padim"])
    func crossFittingSetsThresholds(method: String) async throws {
      let workshop = try workshop(method, holdout: "holdout: 0\n  crossFit: {folds: 3}")
      let trained = try await workshop.norma(
        "train", "products", "--output", "line.norma", "--recipe", "fit.yaml")
      #expect(trained.status == 0, "\(trained)")
      let calibration = try ModelFolder.open(workshop.path + "/line.norma").calibration()
      #expect(calibration.status == .calibrated(from: .crossFit))
      #expect(calibration.shared?.pictures == 24)
    }

    @Test func aBenchmarkComparesThem() async throws {
      let workshop = try workshop("patchcore")
      let plan = """
        resamples: 100
        rows:
          - recipe: fit.yaml
            name: farthest
          - recipe: fit.yaml
            name: random
            set: {patchcore.coreset: random}
          - recipe: gaussians.yaml
            name: Gaussians
          - recipe: tiny.yaml
            name: RAS

        """
      try workshop.write(Data(plan.utf8), to: "plan.yaml")
      try workshop.writeRecipe("gaussians.yaml", adding: Self.sections["padim"] ?? "")
      let compared = try await workshop.norma(
        "benchmark", "plan.yaml", "products", "--output", "out")
      #expect(compared.status == 0, "\(compared)")
      for name in ["farthest", "random", "Gaussians", "RAS"] {
        #expect(compared.output.contains(name), "\(compared)")
      }
      #expect(workshop.exists("out/index.html"))
    }

    @Test func theyHaveNoStepsToMeasure() async throws {
      let workshop = try workshop("patchcore")
      let measured = try await workshop.norma("measure", "steps", "--recipe", "fit.yaml")
      #expect(measured.status != 0 && measured.errors.contains("fitted at once"), "\(measured)")
    }
  }
}
