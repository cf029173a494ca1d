import Foundation
import Norma
import NormaCore
import Testing

/// What disturbances do to the figures of a model whose map is the red channel.
@Suite struct DisturbedEvaluationTests {
  let folder: TemporaryFolder
  let model: ModelFolder

  init() throws {
    folder = try TemporaryFolder()
    model = try TinyModel.write(to: folder.path + "/tiny.norma")
  }

  private func result(_ disturbance: Disturbance?) throws -> CategoryResult {
    let evaluator = Evaluator(
      detector: try Detector(
        model: model, options: Detector.Options(hint: .latency, cacheFolder: nil)),
      calibration: try model.calibration(), disturbance: disturbance)
    let evaluation = try evaluator.evaluate(DatasetReader.read(folder.path + "/data"))
    #expect(evaluation.unreadable.isEmpty)
    return try #require(evaluation.result.categories.first)
  }

  private func writePictures() throws {
    for (index, red) in [30, 35, 40].enumerated() {
      for split in ["train", "test"] {
        try folder.write(
          TinyModel.picture(red: UInt8(red)), to: "data/plates/\(split)/good/\(index).png")
      }
    }
    for (index, red) in [200, 220, 240].enumerated() {
      try folder.write(
        TinyModel.picture(red: UInt8(red)), to: "data/plates/test/dent/\(index).png")
      try folder.write(TinyModel.mask(), to: "data/plates/ground_truth/dent/\(index)_mask.png")
    }
  }

  @Test func lightMovesScoresAcrossTheThresholdAndMovingTakesMasksAlong() throws {
    try writePictures()
    let plain = try result(nil)
    #expect(plain.imageAUROC == 1 && plain.shared?.falseAlarms == 0 && plain.shared?.misses == 0)
    let dark = try result(.brightness(0))
    #expect(dark.imageAUROC == 0.5 && dark.shared?.misses == 3)
    let bright = try result(.offset(80))
    #expect(bright.imageAUROC == 1 && bright.shared?.falseAlarms == 3)
    let plainPixels = try #require(plain.pixelAUROC)
    #expect(plainPixels > 0.99)
    for disturbance in [Disturbance.shift(6), .shift(-5), .rotation(90), .rotation(33)] {
      let moved = try result(disturbance)
      #expect(moved.imageAUROC == 1)
      // With the mask left where it was, more than half of the defect's pixels would be called normal.
      #expect(try #require(moved.pixelAUROC) > 0.97, "\(disturbance)")
    }
  }
}
