import Foundation
import Networks
import Norma
import NormaCore
import NormaFiles
import NormaJobs
import NormaReport
import NormaTraining
import TestSupport
import Testing

/// An ensemble of two methods on two backbones: one command, one model folder, one verdict.
@Suite struct EnsembleJobTests {
  private let bench: JobBench

  init() throws {
    bench = try JobBench()
    try bench.folder.file(
      "weights/efficientnet-lite1.safetensors", Self.randomWeights("efficientnet-lite1", block: 4))
  }

  private static func randomWeights(_ name: String, block: Int) throws -> Data {
    let specification = try #require(Backbones.named(name))
    var generator = SeededGenerator(seed: 5)
    var tensors: [String: WeightTensor] = [:]
    let shapes = specification.parameterShapes(throughBlock: block)
    for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
      let inputs = shape.dropFirst().reduce(1, *)
      let deviation = shape.count == 4 ? (2 / Double(inputs)).squareRoot() : 0.05
      tensors[name] = WeightTensor(
        shape: shape,
        values: (0..<shape.reduce(1, *)).map { _ in Float(generator.normal() * deviation) })
    }
    return try SafeTensors.write(tensors)
  }

  /// - Parameter training: what else the recipe says of it.
  private func recipe(
    _ name: String, hidden: Int = 16, weight: Double = 2, training: String = "holdout: 0.25"
  ) throws {
    func path(_ backbone: String) -> String { "\(bench.weights)/\(backbone).safetensors" }
    try bench.folder.file(
      name + ".yaml",
      text: """
        method: ensemble
        backbone:
          name: efficientnet-lite0
          imageSize: 64
          weights: \(path("efficientnet-lite0"))
          beside:
            - {name: efficientnet-lite1, taps: [2, 4], weights: \(path("efficientnet-lite1"))}
        features: {standardize: true}
        ensemble:
          members:
            - method: ras
              ras: {hidden: \(hidden), heads: 2, feedforward: 16, encoder: 1, decoder: 1, window: 3}
            - method: patchcore
              backbone: 1
              weight: \(weight)
              patchcore: {share: 0.1}
        training: {epochs: 3, batch: 4, precision: f32, \(training)}

        """)
  }

  @Test func itIsOneModel() throws {
    // Its first backbone's features were there before.
    try bench.train("ras", output: "ras.norma")
    try recipe("both")
    let model = try bench.train("both")
    #expect(bench.observer.notes.contains("Features of 16 pictures were there already."))
    #expect(
      bench.observer.stages.filter { $0.hasPrefix("Extracting features (efficientnet-lite1") }.count
        == 1)
    let manifest = model.manifest
    #expect(manifest.method == "ensemble" && manifest.title == "Ensemble")
    #expect(manifest.backbones.map(\.name) == ["efficientnet-lite0", "efficientnet-lite1"])
    #expect(Set(manifest.backbones.map(\.weightsDigest)).count == 2)
    let asked = try Recipe.read(bench.folder["both.yaml"])
    #expect(manifest.recipe == asked)
    let record = try #require(try TrainingRecord.read(from: model))
    #expect(record.losses.members?.map(\.title) == ["RAS", "PatchCore"])
    #expect(record.losses.members?.first?.losses.epochs.count == 3)
    #expect(record.seconds ?? 0 > 0)
    let page = try EvaluationReport.content(of: model, calibration: model.calibration())
    #expect(page.portraits?.contains { $0.title == "What each member sees" } == true)
    #expect(page.members == record.losses.members)
    #expect(page.model.backbone == "efficientnet-lite0, efficientnet-lite1")
    try checkThatEnginesAgree(on: model)
  }

  /// A category's own bank is found within the graph.
  @Test func aBankForEachCategory() throws {
    try bench.folder.file(
      "banks.yaml",
      text: """
        method: patchcore
        backbone:
          name: efficientnet-lite0
          imageSize: 64
          weights: \(bench.weights)/efficientnet-lite0.safetensors
        patchcore: {share: 0.2, byCategory: true}
        training: {holdout: 0.25}

        """)
    let model = try bench.train("banks")
    #expect(try StoredNetwork(model).weights["banks"]?.shape.first == 2)
    try checkThatEnginesAgree(on: model)
  }

  /// What LibTorch trained is what OpenVINO computes.
  private func checkThatEnginesAgree(on model: ModelFolder) throws {
    let network = try ModelNetwork(model)
    let session = try Detector(model: model, options: .init(cacheFolder: nil, precision: .f32))
      .session()
    for name in ["blot/30.png", "good/20.png"] {
      let path = "\(bench.pictures)/dotted/test/\(name)"
      let picture = try PictureReader().read(path, size: 64)
      let expected = try network.stored.detect(
        picture.rgb, batch: 1, trunk: network.prepared.trunk, method: network.prepared.method,
        backbone: network.prepared.parameters)
      let found = try session.detect(picture, name: path)
      let largest = expected.maps.max() ?? 0
      #expect(largest > 0)
      #expect(abs(found.score - expected.scores[0]) <= 1e-3 * expected.scores[0])
      for (one, other) in zip(found.map.values, expected.maps) {
        #expect(abs(one - other) <= 1e-3 * largest)
      }
      #expect(found.feature.count == network.prepared.shapes.reduce(0) { $0 + $1.channels })
    }
  }

  /// In the first member's training, and in the second one's fit.
  @Test(arguments: [4, 20])
  func whatWasStoppedGoesOn(at step: Int) throws {
    try recipe("both")
    let whole = try bench.train("both", output: "whole.norma")
    let cancellation = Cancellation()
    bench.observer.onProgress { title, done in
      if title == "Training", done >= step { cancellation.request() }
    }
    let stop = #expect(throws: Interrupted.self) {
      try TrainJob(bench.request("both"), bench.context(cancellation)).run()
    }
    #expect(stop?.description.contains("--resume goes on") == true)
    try TrainJob(bench.request("both", resume: true), bench.context()).run()
    let done = step == 4 ? "0 of 2 members and 1 of 3 epochs of RAS" : "1 of 2 members"
    #expect(bench.observer.notes.contains("Going on after \(done)."), "\(bench.observer.notes)")
    try ModelFolder.open(bench.folder["line.norma"]).expectSame(as: whole)
    #expect(!FilePath.exists(bench.folder["line.norma.training"]))
  }

  @Test func thresholdsComeFromPartsOfThePictures() throws {
    try recipe("both", training: "holdout: 0, crossFit: {folds: 2, epochs: 1}")
    let model = try bench.train("both")
    let calibration = try model.calibration()
    #expect(calibration.shared?.value ?? 0 > 0)
    #expect(bench.observer.stages.contains("Cross-fitting thresholds"))
  }

  @Test func itsWeightsAreLookedAtOtherwise() throws {
    try recipe("both")
    let first = try bench.train("both", output: "first.norma")
    try recipe("other", weight: 0.5)
    try TrainJob(
      bench.request("other", output: "other.norma", weightsOf: bench.folder["first.norma"]),
      bench.context()
    ).run()
    let other = try ModelFolder.open(bench.folder["other.norma"])
    #expect(try StoredNetwork(other).weights == StoredNetwork(first).weights)
    #expect(try other.data(ModelFile.graph) != first.data(ModelFile.graph))
    try recipe("third", hidden: 8)
    let refused = #expect(throws: FileProblem.self) {
      try TrainJob(
        bench.request("third", output: "third.norma", weightsOf: bench.folder["first.norma"]),
        bench.context())
    }
    #expect(
      refused?.reason.contains("ensemble.members.0.ras.hidden is 16 there and 8 here") == true)
    // Either backbone's weights are those of the training.
    try bench.folder.file(
      "weights/efficientnet-lite1.safetensors",
      SafeTensors.write(["nothing": WeightTensor(shape: [1], values: [1])]))
    #expect(throws: (any Error).self) { try ModelNetwork(first) }
  }
}
