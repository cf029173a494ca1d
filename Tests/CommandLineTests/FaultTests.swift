import Foundation
import NormaCore
import NormaFiles
import Testing

extension CommandLineTests {
  /// Every step of every save, one after the other, is the last thing that a command does.
  @Suite struct FaultTests {
    private static let train = [
      "train", "products", "--output", "line.norma", "--recipe", "tiny.yaml", "--epochs", "2",
    ]

    @Test func noStepOfATrainingsSavesLosesAnything() async throws {
      let calm = try Workshop()
      try calm.makeProducts()
      let whole = try await calm.start(Self.train).result()
      #expect(whole.status == 0, "\(whole)")
      let weights = try calm.data("line.norma/weights.safetensors")

      var (beforeCheckpoint, inTraining, withModel) = (0, 0, 0)
      for fault in 1... {
        // The features are there already: they are not what is killed here.
        let workshop = try Workshop(home: calm.home)
        try FileManager.default.copyItem(
          atPath: calm.path + "/products", toPath: workshop.path + "/products")
        let killed = try await workshop.start(Self.train, fault: fault).result()
        if killed.status == 0 { break }
        try #require(killed.status == -SIGKILL, "fault \(fault): \(killed)")
        if workshop.exists("line.norma") {
          withModel += 1
          #expect(throws: Never.self, "fault \(fault)") {
            try ModelFolder.open(workshop.path + "/line.norma")
          }
        } else if workshop.exists("line.norma.training/checkpoint.safetensors") {
          inTraining += 1
        } else {
          beforeCheckpoint += 1
        }

        let resumed = try await workshop.start(Self.train + ["--resume"]).result()
        #expect(resumed.status == 0, "fault \(fault): \(resumed)")
        let model = try ModelFolder.open(workshop.path + "/line.norma")
        #expect(try model.data(ModelFile.weights) == weights, "fault \(fault)")
        #expect(!workshop.exists("line.norma.training"), "fault \(fault)")
        #expect(workshop.leftovers == [], "fault \(fault)")
      }
      // Two checkpoints of four steps each, then the model: its folder, its files, its name.
      #expect(beforeCheckpoint >= 3)
      #expect(inTraining >= 10)
      #expect(withModel >= 2)
    }

    @Test func noStepOfACalibrationLosesTheModel() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      for number in 400..<404 {
        try workshop.write(png: Products.dotted.picture(number), to: "new/dotted/\(number).png")
        try workshop.write(png: Products.striped.picture(number), to: "new/striped/\(number).png")
      }
      let path = workshop.path + "/line.norma"
      let weights = try workshop.data("line.norma/weights.safetensors")
      var calibrations = 0
      var (old, new) = (0, 0)
      for fault in 1... {
        let result = try await workshop.start(["calibrate", "line.norma", "new"], fault: fault)
          .result()
        // Where the file system cannot exchange two folders, the old model waits under this name.
        let aside = workshop.path + "/.line.norma.previous"
        let found = FilePath.exists(path) ? path : aside
        let model = try ModelFolder.open(found)
        #expect(try model.data(ModelFile.weights) == weights, "fault \(fault)")
        if found == aside {
          try FileManager.default.moveItem(atPath: aside, toPath: path)
        }
        let now = model.manifest.previousCalibrations.count
        #expect(now == calibrations || now == calibrations + 1, "fault \(fault)")
        if result.status == 0 { break }
        try #require(result.status == -SIGKILL, "fault \(fault): \(result)")
        if now == calibrations { old += 1 } else { new += 1 }
        calibrations = now
      }
      #expect(old >= 7, "the folder, its files, the exchange")
      #expect(new >= 2, "after the exchange")
      #expect(workshop.leftovers == [])
      let inspected = try await workshop.norma("inspect", "line.norma", "new")
      #expect(inspected.status == 0 || inspected.status == 1, "\(inspected)")
    }
  }
}
