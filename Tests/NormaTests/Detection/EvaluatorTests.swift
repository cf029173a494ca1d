import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaReport
import Testing

@Suite struct EvaluatorTests {
  let folder: TemporaryFolder
  let model: ModelFolder

  init() throws {
    folder = try TemporaryFolder()
    model = try TinyModel.write(to: folder.path + "/tiny.norma")
  }

  /// Plates with masks, of which one defect is too dim to see; rings without masks.
  private func dataset() throws -> Dataset {
    for (index, red) in [30, 35, 40].enumerated() {
      try write("plates/train/good/\(index).png", red: UInt8(red))
      try write("plates/test/good/\(index).png", red: UInt8(red))
      try write("rings/train/good/\(index).png", red: UInt8(red), blue: 235)
      try write("rings/test/good/\(index).png", red: UInt8(red), blue: 235)
    }
    for (index, red) in [255, 200, 25].enumerated() {
      try write("plates/test/dent/\(index).png", red: UInt8(red))
      try folder.write(TinyModel.mask(), to: "data/plates/ground_truth/dent/\(index)_mask.png")
    }
    try write("rings/test/crack/0.png", red: 250, blue: 235)
    return try DatasetReader.read(folder.path + "/data")
  }

  private func write(_ name: String, red: UInt8, blue: UInt8 = 30) throws {
    try folder.write(TinyModel.picture(red: red, blue: blue), to: "data/" + name)
  }

  private func evaluator() throws -> Evaluator {
    try Evaluator(model: model, engine: Detector.Options(hint: .latency, cacheFolder: nil))
  }

  @Test func metricsAndThresholds() throws {
    var steps: [Int] = []
    let evaluation = try evaluator().evaluate(dataset()) { done, total in
      #expect(total == 10)
      steps.append(done)
    }
    #expect(steps == Array(1...10))
    #expect(evaluation.result.categories.map(\.name) == ["plates", "rings"])
    let plates = evaluation.result.categories[0]
    #expect(plates.normalCount == 3 && plates.anomalousCount == 3)
    // Of nine pairs the dim dent loses three.
    #expect(abs(try #require(plates.imageAUROC) - 6.0 / 9) < 1e-9)
    #expect(try #require(plates.pixelAUROC) > 0.9)
    #expect(plates.shared?.falseAlarms == 0 && plates.shared?.misses == 1)
    let rings = evaluation.result.categories[1]
    #expect(rings.imageAUROC == 1 && rings.pixelAUROC == nil)
    #expect(evaluation.autoAccuracy == 1)
    #expect(evaluation.unreadable.isEmpty && evaluation.notes.isEmpty)
    #expect(evaluation.pictures.count == 10)
    #expect(evaluation.pictures(of: "rings").count == 4)
  }

  @Test func probabilitiesAreHeldAgainstTheMasks() throws {
    #expect(try evaluator().evaluate(dataset()).reliability == nil)
    let perceiving = try TinyModel.write(
      to: folder.path + "/perceiving.norma", perceives: true)
    let evaluator = try Evaluator(
      model: perceiving, engine: Detector.Options(hint: .latency, cacheFolder: nil))
    let evaluation = try evaluator.evaluate(dataset())
    let found = try #require(evaluation.reliability)
    // Plates alone have masks: six pictures of four tokens. A dent covers 4×4 of the 12×12 pixels of
    // each token of its picture; the two bright ones lift the token's mean red above a tenth.
    #expect(found.bins.map(\.count) == [16, 8] && found.bins.map(\.lower) == [0, 0.1])
    #expect(abs(found.bins[0].observed - 4.0 / 9 / 16) < 1e-9)
    #expect(abs(found.bins[1].observed - 1.0 / 9) < 1e-9)
    // 255 and 200 over 20.
    #expect(abs(found.bins[1].probability - (20 + 207.5 / 9) / 255) < 0.005)
    let content = try EvaluationReport.content(
      of: perceiving, evaluation: evaluation, evaluator: evaluator, dataset: "data")
    #expect(content.evaluation?.reliability == found)
    #expect(ReportPage.html(content).contains("Defects of the test pictures"))
  }

  @Test func badPicturesAndMasksAreNamedAndLeftOut() throws {
    var dataset = try dataset()
    let broken = try folder.write(
      TinyModel.picture(red: 9).prefix(200), to: "data/plates/test/good/9.png")
    dataset.samples.append(
      Sample(path: broken, category: "plates", split: .test, label: .normal))
    let index = try #require(dataset.samples.firstIndex { $0.path.hasSuffix("dent/0.png") })
    dataset.samples[index].mask = try folder.write(
      TinyModel.mask(x: 4, y: 4, side: 4, size: 12), to: "other.png")
    let second = try #require(dataset.samples.firstIndex { $0.path.hasSuffix("dent/1.png") })
    dataset.samples[second].mask = try folder.write("no mask".utf8, to: "text.png")
    let third = try #require(dataset.samples.firstIndex { $0.path.hasSuffix("dent/2.png") })
    dataset.samples[third].mask = nil

    let evaluation = try evaluator().evaluate(dataset)
    #expect(
      Set(evaluation.unreadable.map { FilePath.name($0.path) }) == ["9.png", "text.png"])
    #expect(evaluation.pictures.count == 10)
    #expect(evaluation.notes.count == 2)
    #expect(evaluation.notes[0].contains("1 anomalous picture without a mask"))
    #expect(evaluation.notes[1].contains("other.png (12×12 for 48×48)"))
    #expect(try #require(evaluation.result.categories[0].pixelAUROC) > 0.99)
  }

  @Test func reportShowsTheWorstFirst() throws {
    let evaluator = try evaluator()
    let evaluation = try evaluator.evaluate(dataset())
    let content = try EvaluationReport.content(
      of: model, evaluation: evaluation, evaluator: evaluator, dataset: "data", examples: 1)
    #expect(content.title == "tiny" && content.calibration?.source == .holdout)
    let shown = try #require(content.evaluation)
    #expect(shown.categories.map(\.name) == ["plates", "rings"])
    let groups = shown.categories[0].examples
    let missed = try #require(groups.first { $0.fate == .missed })
    #expect(missed.total == 1 && missed.examples.map(\.fileName) == ["dent/2.png"])
    let caught = try #require(groups.first { $0.fate == .caught })
    #expect(caught.total == 2 && caught.examples.map(\.fileName) == ["dent/1.png"])
    #expect(try #require(groups.first { $0.fate == .falselyFlagged }).total == 0)
    let example = caught.examples[0]
    for image in [example.picture, example.heatMap, example.contour, example.groundTruth] {
      let picture = try PictureReader().read(try #require(image), name: "drawing")
      #expect(picture.width == 48)
    }
    #expect(example.picture != example.contour && example.contour != example.groundTruth)
    #expect(ReportPage.html(content).contains("dent/2.png"))
  }
}

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
