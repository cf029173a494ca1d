import Foundation
import Norma
import NormaCore
import Testing

extension CommandLineTests {
  /// The whole way as a user walks it: pictures, one model for two products, verdicts, figures, new
  /// thresholds, an exported graph.
  @Suite struct FlowTests {
    @Test func fromPicturesToVerdicts() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      for file in ["manifest.json", "weights.safetensors", "graph.onnx", "calibration.json"] {
        #expect(workshop.exists("line.norma/\(file)"))
      }
      #expect(workshop.exists("line.norma/report/index.html"))
      #expect(!workshop.exists("line.norma.training"), "nothing is left of the training")

      let inspected = try await workshop.norma(
        "inspect", "line.norma", "products/dotted/test", "products/striped/test", "--json",
        "--heatmaps", "heat")
      let verdicts = try inspected.verdicts
      #expect(verdicts.count == 14)
      #expect(inspected.status == 1, "\(inspected)")
      for verdict in verdicts {
        let anomalous = try #require(verdict.anomalous)
        let isAbove = verdict.score > (try #require(verdict.threshold))
        #expect(anomalous == (isAbove || verdict.unknown == true))
        #expect(isAbove == (try #require(verdict.level) > 1))
        // Nobody said which product it is.
        #expect(verdict.path.contains("/\(try #require(verdict.category))/"), "\(verdict)")
        let pValue = try #require(verdict.pValue)
        #expect(pValue > 0 && pValue <= 1)
        if verdict.path.contains("/noise/") {
          #expect(anomalous, "\(verdict.path): \(verdict.score)")
          #expect(verdict.regions.contains { $0.meets(Products.defect) }, "\(verdict)")
        }
        for region in verdict.regions {
          #expect(region.x >= 0 && region.x + region.width <= Products.width)
          #expect(region.y >= 0 && region.y + region.height <= Products.height)
          #expect(region.area > 0 && region.area <= region.width * region.height)
        }
      }
      let maps = FileManager.default.enumerator(atPath: workshop.path + "/heat")
      let files = (maps?.allObjects as? [String] ?? []).filter { $0.hasSuffix(".png") }
      #expect(files.count == 14)
      for file in files {
        let map = try PictureReader().read(workshop.path + "/heat/" + file)
        #expect((map.width, map.height) == (Products.width, Products.height))
      }

      let normal = verdicts.filter { $0.anomalous == false }.map(\.path)
      let passed = try await workshop.start(["inspect", "line.norma"] + normal).result()
      #expect(!normal.isEmpty && passed.status == 0, "\(passed)")
    }

    @Test func categoriesAndRatesChooseTheThreshold() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      let named = try await workshop.norma(
        "inspect", "line.norma", "products/striped/test/good", "--json", "--category", "striped")
      let striped = try named.verdicts
      #expect(striped.count == 4 && striped.allSatisfy { $0.category == "striped" }, "\(named)")

      let automatic = try await workshop.norma(
        "inspect", "line.norma", "products", "--json", "--category", "auto")
      let recognized = try automatic.verdicts.filter { !$0.path.contains("ground_truth") }
      #expect(recognized.count == 38, "\(automatic)")
      for verdict in recognized {
        let category = try #require(verdict.category)
        #expect(verdict.path.contains("/\(category)/"), "\(verdict.path) taken for \(category)")
      }

      // Half of the held-out pictures may be flagged: the threshold falls.
      let strict = try await workshop.norma(
        "inspect", "line.norma", "products/striped/test/good", "--json", "--false-alarm-rate", "0.5"
      )
      let usual = try await workshop.norma(
        "inspect", "line.norma", "products/striped/test/good", "--json")
      let low = try #require(try strict.verdicts.first?.threshold)
      let high = try #require(try usual.verdicts.first?.threshold)
      #expect(low < high)

      let unknown = try await workshop.norma(
        "inspect", "line.norma", "products", "--category", "chequered")
      #expect(unknown.status == 3)
      #expect(unknown.errors.contains("dotted") && unknown.errors.contains("striped"), "\(unknown)")
    }

    @Test func evaluationMeasuresWhatIsShipped() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      let evaluated = try await workshop.norma("evaluate", "line.norma", "products", "--json")
      #expect(evaluated.status == 0, "\(evaluated)")
      let result = try JSONDecoder().decode(Figures.self, from: Data(evaluated.output.utf8))
      #expect(result.categories.map(\.name) == ["dotted", "striped"])
      for figures in result.categories + [result.mean] {
        #expect(try #require(figures.imageAUROC) == 1, "noise is easily seen")
        #expect(try #require(figures.pixelAUROC) > 0.8)
        #expect(try #require(figures.aupro) > 0.3)
      }
      let page = String(decoding: try workshop.data("line.norma/report/index.html"), as: UTF8.self)
      #expect(page.contains("striped") && page.contains("AUROC"))
      #expect(!page.contains("src=\"http"), "the page stands alone")
      #expect(throws: Never.self) { try ModelFolder.open(workshop.path + "/line.norma") }

      let one = try await workshop.norma(
        "evaluate", "line.norma", "products", "--json", "--categories", "striped")
      let figures = try JSONDecoder().decode(Figures.self, from: Data(one.output.utf8))
      #expect(figures.categories.map(\.name) == ["striped"])
      let none = try await workshop.norma(
        "evaluate", "line.norma", "products", "--categories", "chequered")
      #expect(none.status == 3)
      #expect(none.errors.contains("dotted"), "\(none)")
    }

    @Test func newThresholdsComeFromNewPictures() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      for product in Products.allCases {
        for number in 300..<310 {
          try workshop.write(
            png: product.picture(number), to: "new/\(product.rawValue)/\(number).png")
        }
      }
      let weights = try workshop.data("line.norma/weights.safetensors")
      let before = try workshop.data("line.norma/calibration.json")
      let calibrated = try await workshop.norma(
        "calibrate", "line.norma", "new", "--false-alarm-rate", "0.05")
      #expect(calibrated.status == 0, "\(calibrated)")
      #expect(try workshop.data("line.norma/weights.safetensors") == weights)
      #expect(try workshop.data("line.norma/calibration.json") != before)
      let model = try ModelFolder.open(workshop.path + "/line.norma")
      #expect(model.manifest.previousCalibrations.count == 1)
      // 20 pictures support 1/21, which is the rate that was asked for, at last.
      let calibration = try Calibration(json: model.data(ModelFile.calibration))
      #expect(calibration.shared?.rate == 1.0 / 21 && calibration.shared?.pictures == 20)
      let inspected = try await workshop.norma("inspect", "line.norma", "new", "--json")
      #expect(try inspected.verdicts.allSatisfy { $0.anomalous == false })
      #expect(inspected.status == 0)
    }

    @Test func theExportedGraphIsTheModels() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      let exported = try await workshop.norma("export", "line.norma", "--output", "line.onnx")
      #expect(exported.status == 0, "\(exported)")
      #expect(exported.output.contains("category, level, anomalous"), "\(exported)")
      let graph = try workshop.data("line.onnx")
      for word in [
        "norma.categories", "[\"dotted\",\"striped\"]", "norma.thresholds", "antialiased",
      ] {
        #expect(graph.range(of: Data(word.utf8)) != nil, "\(word)")
      }
      // The model's own is without, and what both compute is the same.
      let model = try ModelFolder.open(workshop.path + "/line.norma")
      #expect(try model.data(ModelFile.graph).range(of: Data("norma.categories".utf8)) == nil)
      let options = Detector.Options(cacheFolder: nil)
      let own = try Detector(model: model, options: options).reference()
      let other = try Detector(
        graph: graph, name: "line.onnx", imageSize: 64, precision: .f32, options: options
      ).reference()
      let deviation = own.deviation(of: other)
      #expect(max(deviation.score, deviation.map, deviation.feature) < 1e-5, "\(deviation)")
      let reference = try #require(try model.reference())
      #expect(reference.deviation(of: own).isWithin(reference.tolerance(bf16: false)))
      #expect(workshop.exists("line.reference.png") && workshop.exists("line.reference.json"))
      let again = try await workshop.norma("export", "line.norma", "--output", "line.onnx")
      #expect(again.status == 3)
      #expect(again.errors.contains("--force"))
      let forced = try await workshop.norma(
        "export", "line.norma", "--output", "line.onnx", "--force")
      #expect(forced.status == 0)
    }

    @Test func anOutputThatExistsIsKept() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      let manifest = try workshop.data("line.norma/manifest.json")
      for arguments in [[], ["--resume"]] {
        let refused = try await workshop.start(
          ["train", "products", "--output", "line.norma", "--recipe", "tiny.yaml"] + arguments
        ).result()
        #expect(refused.status == 3, "\(refused)")
        #expect(refused.errors.contains("line.norma") && refused.errors.contains("--force"))
      }
      #expect(try workshop.data("line.norma/manifest.json") == manifest)
      let forced = try await workshop.norma(
        "train", "products", "--output", "line.norma", "--recipe", "tiny.yaml", "--force",
        "--epochs", "1")
      #expect(forced.status == 0, "\(forced)")
      #expect(try workshop.data("line.norma/manifest.json") != manifest)
    }
  }
}
