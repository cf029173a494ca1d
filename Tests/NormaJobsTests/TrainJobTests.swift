import Foundation
import NormaCore
import NormaFiles
import NormaJobs
import NormaReport
import NormaTraining
import TestSupport
import Testing

/// `norma train` in process: what it leaves behind, what it says, how it stops and goes on.
@Suite struct TrainJobTests {
  @Test func itLeavesAModelAndItsRecord() throws {
    let bench = try JobBench()
    let model = try bench.train("ras")
    #expect(model.manifest.categories == ["dotted", "striped"])
    let record = try #require(try TrainingRecord.read(from: model))
    #expect(record.losses.epochs.count == 3)
    #expect(record.trainingPictures == 12 && record.heldOutPictures == 4)
    #expect(record.seconds ?? 0 > 0 && record.seed == 0)
    #expect(model.contains(ModelFile.training) && model.contains(ModelFile.report))
    let reference = try #require(try model.reference())
    #expect(reference.isOf(ModelReference.picture(side: model.manifest.imageSize)))
    #expect(bench.observer.stages.contains { $0.hasPrefix("Extracting features") })
    #expect(bench.observer.stages.contains("Training"))
    #expect(bench.observer.notes.contains("Model: \(bench.folder["line.norma"])"))
    #expect(!FileManager.default.fileExists(atPath: bench.folder["line.norma.training"]))
  }

  /// A picture in the wrong folder is named before the training, and shown beside what the network shows of
  /// itself; one that lies there twice counts once, and goes with its copy.
  @Test func whatIsOddAmongThePicturesIsSaid() throws {
    let bench = try JobBench()
    func page(_ model: ModelFolder) throws -> ReportContent {
      try EvaluationReport.content(of: model, calibration: model.calibration())
    }
    let plain = try page(bench.train("ras", output: "plain.norma"))
    let folder = bench.pictures + "/dotted/train/good"
    let files = FileManager.default
    func names(_ category: String) throws -> [String] {
      try files.contentsOfDirectory(atPath: "\(bench.pictures)/\(category)/train/good").sorted()
    }
    let (own, other) = try (names("dotted"), names("striped"))
    try files.copyItem(atPath: "\(folder)/\(own[0])", toPath: folder + "/twice.png")
    try files.copyItem(
      atPath: "\(bench.pictures)/striped/train/good/\(other[0])", toPath: folder + "/astray.png")
    let model = try bench.train("ras")
    let notes = bench.observer.notes
    #expect(
      bench.observer.asides.contains {
        $0.contains("may not belong") && $0.contains("dotted/train/good/astray.png (like striped)")
      }, "\(notes)")
    let record = try #require(try TrainingRecord.read(from: model))
    let heldOut = try #require(record.heldOutNames)
    // Drawn pictures of so few kinds may be alike by chance as well.
    let scenes = try #require(record.scenes)
    #expect(scenes < 18 && heldOut.count == record.heldOutPictures)
    #expect(notes.contains { $0.hasPrefix("18 pictures of \(scenes) scenes") }, "\(notes)")
    #expect(
      heldOut.contains("dotted/train/good/twice.png")
        == heldOut.contains("dotted/train/good/\(own[0])"))
    let shown = try page(model)
    #expect(plain.strays == nil && plain.portraits?.isEmpty == false)
    #expect(shown.portraits?.map(\.title) == plain.portraits?.map(\.title))
    let strays = try #require(shown.strays)
    #expect(strays.rows.first?.caption.hasPrefix("dotted/train/good/astray.png") == true)
    let tiles = strays.rows.flatMap(\.tiles)
    #expect(tiles.first?.label == "dotted: like striped")
  }

  @Test func theSameSeedIsTheSameModel() throws {
    let bench = try JobBench()
    let first = try bench.train("ras", output: "first.norma")
    let second = try bench.train("ras", output: "second.norma")
    try first.expectSame(as: second)
    #expect(bench.observer.notes.contains("Features of 16 pictures were there already."))
  }

  /// Stopped in the middle of an epoch, it ends with the weights of a training that nobody stopped.
  @Test func whatWasStoppedGoesOn() throws {
    let bench = try JobBench()
    let whole = try bench.train("ras", output: "whole.norma")
    let cancellation = Cancellation()
    bench.observer.onProgress { title, done in
      if title == "Training", done == 4 { cancellation.request() }
    }
    let stop = #expect(throws: Interrupted.self) {
      try TrainJob(bench.request("ras"), bench.context(cancellation)).run()
    }
    #expect(stop?.description.contains("--resume goes on") == true)
    #expect(!FilePath.exists(bench.folder["line.norma"]))
    #expect(throws: FileProblem.self) { try TrainJob(bench.request("ras"), bench.context()) }
    // A method that is fitted, not trained, does not take the other one's work away.
    #expect(throws: TrainerError.self) {
      try TrainJob(bench.request("padim", resume: true), bench.context()).run()
    }
    try TrainJob(bench.request("ras", resume: true), bench.context()).run()
    #expect(bench.observer.notes.contains { $0.hasPrefix("Going on after") })
    let resumed = try ModelFolder.open(bench.folder["line.norma"])
    #expect(try resumed.data(ModelFile.weights) == whole.data(ModelFile.weights))
  }

  /// Dinomaly, on a convolutional network: its loss knows the step that it is at, also after a stop, and how a map
  /// becomes a score is no part of what it learns.
  @Test func dinomalyGoesOnAndIsLookedAtOtherwise() throws {
    let bench = try JobBench()
    let text = """
      method: dinomaly
      backbone: {name: efficientnet-lite0, imageSize: 64}
      training: {epochs: 3, batch: 4, holdout: 0.25, optimizer: stableAdamW, learningRate: 2e-3, clip: 0.1}
      dinomaly: {hidden: 16, headWidth: 8, decoder: 4, feedforward: 2, easySteps: 6}

      """
    try bench.folder.file("dinomaly.yaml", text: text)
    let whole = try bench.train("dinomaly", output: "whole.norma")
    #expect(whole.manifest.grid == 4 && whole.manifest.method == "dinomaly")
    #expect(whole.manifest.recipe.training.optimizer == .stableAdamW)
    let cancellation = Cancellation()
    bench.observer.onProgress { title, done in
      if title == "Training", done == 4 { cancellation.request() }
    }
    #expect(throws: Interrupted.self) {
      try TrainJob(bench.request("dinomaly"), bench.context(cancellation)).run()
    }
    try TrainJob(bench.request("dinomaly", resume: true), bench.context()).run()
    try ModelFolder.open(bench.folder["line.norma"]).expectSame(as: whole)
    try bench.folder.file("maximum.yaml", text: text + "scoring: {score: maximum, pool: 4}\n")
    try TrainJob(
      bench.request("maximum", output: "other.norma", weightsOf: bench.folder["whole.norma"]),
      bench.context()
    ).run()
    let other = try ModelFolder.open(bench.folder["other.norma"])
    #expect(try StoredNetwork(other).weights == StoredNetwork(whole).weights)
    #expect(try other.data(ModelFile.calibration) != whole.data(ModelFile.calibration))
  }

  /// Before any picture is read.
  @Test func aRequestThatCannotBeIsRefusedAtOnce() throws {
    let bench = try JobBench()
    try bench.train("ras")
    let existing = #expect(throws: FileProblem.self) {
      try TrainJob(bench.request("ras"), bench.context())
    }
    #expect(existing?.reason.contains("--force") == true)
    var request = bench.request("ras", output: "other.norma")
    request.recipe.imageSize = 4
    #expect(throws: (any Error).self) { try TrainJob(request, bench.context()) }
    request = bench.request("ras", output: "other.norma")
    request.weights = bench.folder["nowhere"]
    #expect(throws: (any Error).self) { try TrainJob(request, bench.context()) }
    request = bench.request("ras", output: "other.norma")
    request.categories = ["dottet"]
    let stranger = #expect(throws: DatasetProblem.self) {
      try TrainJob(request, bench.context())
    }
    #expect(stranger?.description.contains("dotted") == true)
    // A wrong path is answered before weights are looked for, which a new machine may not have.
    request = bench.request("ras", output: "other.norma")
    (request.dataset, request.weights) = (bench.folder["nowhere"], bench.folder["no weights"])
    let lost = #expect(throws: (any Error).self) { try TrainJob(request, bench.context()) }
    #expect("\(lost.map { "\($0)" } ?? "")".contains(bench.folder["nowhere"]))
    #expect(!FilePath.exists(bench.folder["other.norma"]))
  }

  /// A model's network looked at otherwise, of every method; where the recipe would have trained another
  /// one, it says which keys differ.
  @Test(arguments: [
    ("ras", "ras: {residual: product, ", "ras: {"),
    ("uniad", "uniad: {residual: product, ", "uniad: {"),
    ("rlr", "rlr: {smoothing: 2, ", "rlr: {"),
    ("uranet", "smoothing: 2,", "smoothing: 1,"),
    ("patchcore", "patchcore: {smoothing: 2, ", "patchcore: {"),
    ("padim", "padim: {smoothing: 2, ", "padim: {"),
  ])
  func aNetworkIsLookedAtOtherwise(_ method: String, _ new: String, _ old: String) throws {
    let bench = try JobBench()
    let first = try bench.train(method, output: "first.norma")
    let text = try String(contentsOfFile: bench.folder[method + ".yaml"], encoding: .utf8)
    try #require(text.contains(old))
    try bench.folder.file("other.yaml", text: text.replacingOccurrences(of: old, with: new))
    try TrainJob(
      bench.request("other", output: "other.norma", weightsOf: bench.folder["first.norma"]),
      bench.context()
    ).run()
    let other = try ModelFolder.open(bench.folder["other.norma"])
    #expect(try StoredNetwork(other).weights == StoredNetwork(first).weights)
    #expect(try other.data(ModelFile.graph) != first.data(ModelFile.graph))
    #expect(try TrainingRecord.read(from: other) == TrainingRecord.read(from: first))
    let fresh = try bench.train("other", output: "fresh.norma")
    for file in [ModelFile.weights, ModelFile.graph, ModelFile.calibration] {
      #expect(try other.data(file) == fresh.data(file), "\(file)")
    }
    try bench.folder.file(
      "third.yaml", text: text.replacingOccurrences(of: "holdout: 0.25", with: "holdout: 0.5"))
    let refused = #expect(throws: FileProblem.self) {
      try TrainJob(
        bench.request("third", output: "third.norma", weightsOf: bench.folder["first.norma"]),
        bench.context())
    }
    #expect(refused?.reason.contains("training.holdout is 0.25 there and 0.5 here") == true)
  }
}
