import Foundation
import NormaCore
import NormaFiles
import Testing

extension CommandLineTests {
  /// From pictures to a store, from the store to a model by LibTorch alone, and back to inspecting.
  @Suite struct StoreTests {
    /// The tiny recipe with features in 32 bits: the engines then give the same ones.
    private func workshop() throws -> Workshop {
      let workshop = try Workshop()
      try workshop.makeProducts()
      try workshop.writeRecipe("exact.yaml", adding: "features:\n  precision: f32\n")
      return workshop
    }

    private func weights(_ workshop: Workshop, _ model: String) throws -> [String: WeightTensor] {
      try SafeTensors.read(workshop.data("\(model)/weights.safetensors")).tensors
    }

    @Test func aStoreTrainsWhatItsPicturesTrain() async throws {
      let workshop = try workshop()
      let stored = try await workshop.norma(
        "store", "products", "--output", "products.store", "--image-size", "64")
      #expect(stored.status == 0, "\(stored)")
      #expect(stored.output.contains("24 pictures of 64 × 64 pixels"), "\(stored)")
      let again = try await workshop.norma(
        "store", "products", "--output", "products.store", "--image-size", "64")
      #expect(again.status == 3 && again.errors.contains("--force"), "\(again)")

      let usual = try await workshop.norma(
        "train", "products", "--output", "usual.norma", "--recipe", "exact.yaml")
      #expect(usual.status == 0, "\(usual)")
      // Where it is used there is no data set.
      try FileManager.default.moveItem(
        atPath: workshop.path + "/products", toPath: workshop.path + "/elsewhere")
      let trained = try await workshop.train(
        "products.store", "--output", "line.norma", "--recipe", "exact.yaml", "--device", "cpu")
      #expect(trained.status == 0, "\(trained)")
      #expect(!workshop.exists("line.norma.training"), "nothing is left of the training")

      let (expected, found) = (
        try weights(workshop, "usual.norma"), try weights(workshop, "line.norma")
      )
      #expect(found.mapValues(\.shape) == expected.mapValues(\.shape))
      for (name, tensor) in expected {
        let values = try #require(found[name]).values
        let worst = zip(tensor.values, values).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
        let largest = tensor.values.reduce(Float(0)) { max($0, abs($1)) }
        #expect(worst <= 2e-3 * max(largest, 0.1), "\(name): \(worst) of \(largest)")
      }
      try await sameModel(workshop)
    }

    /// `line.norma` is `usual.norma`, as far as its users see.
    private func sameModel(_ workshop: Workshop) async throws {
      let usual = try ModelFolder.open(workshop.path + "/usual.norma")
      let line = try ModelFolder.open(workshop.path + "/line.norma")
      var manifest = line.manifest
      #expect(manifest.data == usual.manifest.data, "the same pictures, by their fingerprint")
      #expect(manifest.categories == ["dotted", "striped"])
      manifest.toolVersion = usual.manifest.toolVersion
      #expect(manifest.recipe == usual.manifest.recipe)
      #expect(manifest.backbone == usual.manifest.backbone)

      let (old, new) = (try usual.calibration(), try line.calibration())
      #expect(new.status == old.status)
      for (category, threshold) in old.categories {
        let other = try #require(new.categories[category])
        #expect(abs(other.value - threshold.value) < 0.01 * threshold.value)
        #expect(other.rate == threshold.rate && other.pictures == threshold.pictures)
      }
      #expect(new.autoAccuracy == old.autoAccuracy)
      let known = try #require(try TrainingPictures.read(from: line))
      #expect(try known.pixels == TrainingPictures.read(from: usual)?.pixels && known.files == [])

      let inspected = try await workshop.norma(
        "inspect", "line.norma", "elsewhere/striped/test/noise", "--json")
      #expect(inspected.status == 1, "\(inspected)")
      #expect(try inspected.verdicts.allSatisfy { $0.anomalous == true })
      let evaluated = try await workshop.norma("evaluate", "line.norma", "elsewhere", "--json")
      #expect(evaluated.status == 0, "\(evaluated)")
      #expect(workshop.exists("line.norma/report/index.html"), "evaluating adds the page")
      // A store keeps no files, so its pictures are known again by what the network sees of them.
      let refused = try await workshop.norma("calibrate", "line.norma", "elsewhere")
      #expect(refused.status == 3 && refused.errors.contains("was trained on"), "\(refused)")
      let calibrated = try await workshop.norma(
        "calibrate", "line.norma", "elsewhere", "--allow-training-pictures")
      #expect(calibrated.status == 0, "\(calibrated)")
    }

    @Test func picturesAreChosenEvenlyAndComeAgain() async throws {
      let workshop = try workshop()
      let stored = try await workshop.norma(
        "store", "products", "--output", "small.store", "--image-size", "64", "--limit", "6")
      #expect(stored.status == 0, "\(stored)")
      let store = try PictureStore(path: workshop.path + "/small.store")
      #expect(store.samples.map(\.category) == ["dotted", "striped"].flatMap { [$0, $0, $0] })
      #expect(store.samples[0].path == "dotted/train/good/0.png")

      // Three training pictures a category; cycled, 40 an epoch.
      let trained = try await workshop.train(
        "small.store", "--output", "line.norma", "--recipe", "exact.yaml", "--epochs", "2",
        "--pictures-per-epoch", "40", "--weights", "home/weights")
      #expect(trained.status == 0, "\(trained)")
      let reused = try await workshop.train(
        "small.store", "--output", "line.norma", "--recipe", "exact.yaml", "--epochs", "1",
        "--force", "--weights", "home/weights/efficientnet-lite0.safetensors")
      #expect(reused.status == 0, "\(reused)")
      #expect(reused.output.contains("Features of 6 pictures were there already"), "\(reused)")
    }

    @Test func aPictureThatCannotBeDecodedIsNamedAndLeftOut() async throws {
      let workshop = try workshop()
      let name = "products/dotted/train/good/3.png"
      try workshop.write(try workshop.data(name).dropLast(400), to: name)
      let stored = try await workshop.norma(
        "store", "products", "--output", "p.store", "--image-size", "32")
      #expect(stored.status == 0, "\(stored)")
      #expect(stored.text.contains("dotted/train/good/3.png"), "\(stored)")
      #expect(try PictureStore(path: workshop.path + "/p.store").samples.count == 23)
    }

    @Test func wrongUsageAndWrongFilesAreTold() async throws {
      let workshop = try workshop()
      let stored = try await workshop.norma(
        "store", "products", "--output", "p.store", "--image-size", "32", "--categories", "dotted")
      #expect(stored.status == 0, "\(stored)")
      let size = try await workshop.train("p.store", "-o", "m.norma", "--recipe", "exact.yaml")
      #expect(size.status == 3, "\(size)")
      #expect(size.errors.contains("32 × 32") && size.errors.contains("--image-size 64"), "\(size)")

      let whole = try workshop.data("p.store")
      try workshop.write(whole.dropLast(1), to: "cut.store")
      let cut = try await workshop.train("cut.store", "-o", "m.norma", "--recipe", "exact.yaml")
      #expect(cut.status == 3 && cut.errors.contains("cut short"), "\(cut)")
      #expect(!workshop.exists("m.norma") && !workshop.exists("m.norma.training"))

      let missing = try await workshop.train(
        "p.store", "-o", "m.norma", "--backbone", "efficientnet-b6", "--recipe", "exact.yaml")
      #expect(missing.status == 3, "\(missing)")
      for wrong in [
        ["p.store"], ["p.store", "-o", "m", "--device", "tpu"],
        ["p.store", "-o", "m", "--pictures-per-epoch", "0"],
        ["p.store", "-o", "m", "--resume", "--force"],
      ] {
        let told = try await workshop.start(wrong, with: .train).result()
        #expect(told.status == 64, "\(told)")
      }
      let limit = try await workshop.norma("store", "products", "-o", "q", "--limit", "0")
      #expect(limit.status == 64, "\(limit)")
    }

    @Test(.disabled(if: Self.hasCard, "there is a graphics card"))
    func aCardThatIsNotThereIsMissedBeforeAnyWork() async throws {
      let workshop = try Workshop()
      let told = try await workshop.train("none.store", "-o", "m.norma", "--device", "cuda")
      // Before the store, which is not there either.
      #expect(told.status == 3 && told.errors.contains("--device cpu"), "\(told)")
    }

    private static let hasCard = FileManager.default.fileExists(atPath: "/dev/nvidiactl")
  }
}
