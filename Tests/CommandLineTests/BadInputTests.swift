import Foundation
import Norma
import NormaCore
import Testing

extension CommandLineTests {
  /// What goes wrong is said with the file and the reason, and ends in the exit code for it.
  @Suite struct BadInputTests {
    @Test func whatIsNotThereIsNamed() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      for arguments in [
        ["train", "missing", "--output", "new.norma"], ["inspect", "missing", "products"],
        ["evaluate", "line.norma", "missing"], ["evaluate", "missing", "products"],
        ["calibrate", "line.norma", "missing"], ["export", "missing", "--output", "x.onnx"],
        ["weights", "import", "missing"],
      ] {
        let failed = try await workshop.start(arguments).result()
        #expect(failed.status == 3, "\(failed)")
        #expect(failed.errors.contains("missing"), "\(failed)")
      }
      #expect(!workshop.exists("new.norma") && !workshop.exists("x.onnx"))
    }

    @Test func unreadablePicturesAreNamedAndTheOthersInspected() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      let whole = try workshop.data("products/striped/train/good/1.png")
      try workshop.write(whole, to: "mixed/whole.png")
      try workshop.write(whole.prefix(whole.count / 2), to: "mixed/truncated.png")
      try workshop.write(Data(), to: "mixed/empty.png")
      try workshop.write(Data("no picture".utf8), to: "mixed/text.png")
      let inspected = try await workshop.norma("inspect", "line.norma", "mixed", "--json")
      #expect(inspected.status == 2, "\(inspected)")
      let seen = inspected.lines.filter { !$0.contains("\"error\"") }
      #expect(seen.count == 1 && seen.first?.contains("whole.png") == true, "\(inspected)")
      for name in ["truncated.png", "empty.png", "text.png"] {
        #expect(inspected.text.contains(name), "\(inspected)")
      }
    }

    @Test func trainingLeavesOutWhatItCannotRead() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      try workshop.write(Data("no picture".utf8), to: "products/striped/train/good/text.png")
      let whole = try workshop.data("products/striped/train/good/1.png")
      try workshop.write(whole.prefix(200), to: "products/striped/train/good/truncated.png")
      let trained = try await workshop.norma(
        "train", "products", "--output", "line.norma", "--recipe", "tiny.yaml", "--epochs", "1")
      #expect(trained.status == 0, "\(trained)")
      #expect(trained.text.contains("text.png") && trained.text.contains("truncated.png"))
      #expect(workshop.exists("line.norma/manifest.json"))
    }

    /// A full disk, or a terminal that is gone, behind standard error.
    @Test func messagesThatNobodyCanReadStopNothing() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      try workshop.write(Data("no picture".utf8), to: "mixed/text.png")
      try workshop.write(
        workshop.data("products/striped/train/good/1.png"), to: "mixed/whole.png")
      for sink in ["2>/dev/full", "2>&-"] {
        let inspected = try await workshop.shell("inspect line.norma missing.norma mixed \(sink)")
        #expect(inspected.status == 2 && inspected.output.contains("whole.png"), "\(inspected)")
        let failed = try await workshop.shell("inspect missing.norma mixed \(sink)")
        #expect(failed.status == 3, "\(failed)")
      }
    }

    @Test func onePictureACategoryMakesNoThreshold() async throws {
      let workshop = try Workshop()
      for product in Products.allCases {
        try workshop.write(
          png: product.picture(0), to: "single/\(product.rawValue)/train/good/0.png")
      }
      try workshop.writeRecipe(
        "crossed.yaml",
        replacing: ["holdout: 0.25": "holdout: 0\n  crossFit: {folds: 2, epochs: 1}"])
      let trained = try await workshop.norma(
        "train", "single", "--output", "line.norma", "--recipe", "crossed.yaml", "--epochs", "1")
      #expect(trained.status == 0 && trained.errors.contains("uncalibrated"), "\(trained)")
      let calibration = try ModelFolder.open(workshop.path + "/line.norma").calibration()
      #expect(calibration.status == .uncalibrated)
    }

    @Test func anEmptyCategoryIsNamed() async throws {
      let workshop = try Workshop()
      for number in 0..<6 {
        try workshop.write(png: Products.dotted.picture(number), to: "mine/dotted/\(number).png")
      }
      try FileManager.default.createDirectory(
        atPath: workshop.path + "/mine/striped", withIntermediateDirectories: true)
      let trained = try await workshop.norma(
        "train", "mine", "--output", "line.norma", "--recipe", "tiny.yaml", "--epochs", "1")
      #expect(trained.status == 3, "\(trained)")
      #expect(trained.errors.contains("striped"), "\(trained)")
      #expect(!workshop.exists("line.norma"))
      let one = try await workshop.norma(
        "train", "mine", "--output", "line.norma", "--recipe", "tiny.yaml", "--epochs", "1",
        "--categories", "dotted")
      #expect(one.status == 0, "\(one)")
    }

    @Test func onePictureMakesAModelWithoutThresholds() async throws {
      let workshop = try Workshop()
      try workshop.write(png: Products.dotted.picture(0), to: "mine/only.png")
      let trained = try await workshop.norma(
        "train", "mine", "--output", "line.norma", "--recipe", "tiny.yaml", "--epochs", "1")
      #expect(trained.status == 0, "\(trained)")
      #expect(trained.text.contains("uncalibrated"), "\(trained)")
      let inspected = try await workshop.norma("inspect", "line.norma", "mine", "--json")
      let verdict = try #require(try inspected.verdicts.first)
      #expect(verdict.threshold == nil && verdict.anomalous == nil && verdict.pValue == nil)
      #expect(verdict.score > 0)
      #expect(inspected.status == 3, "no verdict is no all-clear")
    }

    @Test func anUnknownRecipeKeyIsShownWithItsLine() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      let recipe = "method: ras\ntraining:\n  batch: 4\n  epoch: 3\n"
      try workshop.write(Data(recipe.utf8), to: "mine.yaml")
      let refused = try await workshop.norma(
        "train", "products", "--output", "line.norma", "--recipe", "mine.yaml")
      #expect(refused.status == 3, "\(refused)")
      #expect(refused.errors.contains("mine.yaml:4"), "\(refused)")
      #expect(refused.errors.contains("'epoch'") && refused.errors.contains("'epochs'"))
      #expect(!workshop.exists("line.norma"))
    }

    @Test func aWindowThatHidesEverythingIsRefused() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      let wide = Workshop.recipe.replacingOccurrences(of: "window: 3", with: "window: 9")
      try workshop.write(Data(wide.utf8), to: "wide.yaml")
      let refused = try await workshop.norma(
        "train", "products", "--output", "line.norma", "--recipe", "wide.yaml")
      #expect(refused.status == 3)
      #expect(refused.errors.contains("window"), "\(refused)")
    }
  }
}
