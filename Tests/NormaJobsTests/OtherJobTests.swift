import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaJobs
import NormaTraining
import TestSupport
import Testing

/// The jobs besides training, in process: what they find, what they write, and that nothing goes to a
/// terminal but through the observer.
@Suite struct OtherJobTests {
  // MARK: Plans

  private func plan(_ bench: JobBench, _ rows: String) throws -> String {
    try bench.folder.file(
      "plan.yaml",
      text: """
        resamples: 100
        set: {backbone.weights: \(bench.weights)/efficientnet-lite0.safetensors}
        rows:
        \(rows)
        """)
  }

  private func job(
    _ bench: JobBench, _ plan: String, use: BenchmarkOutput.Use = .runs,
    rows: [String] = []
  ) throws -> BenchmarkJob {
    try BenchmarkJob(
      BenchmarkJob.Request(
        plan: plan, dataset: bench.pictures, output: bench.folder["found"],
        options: PlanOptions(rows: rows), use: use), bench.context())
  }

  /// Rows that differ only in how they look share a training; what is done is not done again; a row that
  /// fails stops no other.
  @Test func aPlanIsWorkedThrough() throws {
    let bench = try JobBench()
    let plan = try plan(
      bench,
      """
        - {name: norm, recipe: ras.yaml}
        - {name: broken, recipe: ras.yaml, set: {backbone.weights: nowhere.safetensors}}
        - {name: product, recipe: ras.yaml, set: {ras.residual: product}}
      """)
    #expect(try job(bench, plan).run() == 1)
    #expect(bench.observer.asides.contains { $0.hasPrefix("error: broken, seed 0") })
    #expect(bench.observer.notes.contains { $0.contains("it is not trained again") })
    let again = try job(bench, plan, use: .table)
    #expect(try again.list().map(\.isDone) == [true, false, true])
    let (summary, leftOut) = try again.writeTable()
    #expect(!leftOut && summary.rows.map(\.name) == ["norm", "broken", "product"])
    #expect(FilePath.exists(again.page))
    let trainings = bench.observer.stages.count { $0 == "Training" }
    #expect(try job(bench, plan, rows: ["norm", "product"]).run() == 0)
    #expect(bench.observer.stages.count { $0 == "Training" } == trainings)
    let stranger = #expect(throws: UsageProblem.self) { try job(bench, plan, rows: ["nrom"]) }
    #expect(stranger?.description.contains("norm") == true)
  }

  @Test func aPlanThatIsStoppedLeavesItsTable() throws {
    let bench = try JobBench()
    let plan = try plan(
      bench,
      """
        - {name: first, recipe: padim.yaml}
        - {name: second, recipe: ras.yaml}
      """)
    let cancellation = Cancellation()
    let observer = bench.observer
    bench.observer.onProgress { title, _ in
      let isSecond = observer.notes.contains { $0.contains("second, seed 0") }
      if title == "Training", isSecond { cancellation.request() }
    }
    let job = try BenchmarkJob(
      BenchmarkJob.Request(plan: plan, dataset: bench.pictures, output: bench.folder["found"]),
      bench.context(cancellation))
    let stop = #expect(throws: Interrupted.self) { try job.run() }
    #expect(stop?.description == PlanRunner.stopped)
    #expect(try job.list().map(\.isDone) == [true, false])
    let page = try String(contentsOfFile: job.page, encoding: .utf8)
    #expect(page.contains("first"))
  }

  /// The same plan on a store of the same pictures, by LibTorch alone: its records are taken in where the
  /// data set is.
  @Test func aStoreWorksThroughTheSamePlan() throws {
    let bench = try JobBench()
    let plan = try plan(bench, "  - {name: ras, recipe: ras.yaml}")
    try PictureStoreJob(
      PictureStoreJob.Request(
        dataset: bench.pictures, output: bench.folder["pictures.store"], imageSize: 64,
        includesTests: true), bench.context()
    ).run()
    func stored() throws -> Int {
      try StorePlanJob(
        plan: plan, stores: [bench.folder["pictures.store"]], options: PlanOptions(),
        output: bench.folder["records"], weights: bench.weights, bench.context()
      ).run()
    }
    #expect(try stored() == 0)
    let trainings = bench.observer.stages.count { $0 == "Training" }
    #expect(try stored() == 0)
    #expect(bench.observer.stages.count { $0 == "Training" } == trainings)
    let here = try job(bench, plan, use: .table)
    try here.take(recordsIn: bench.folder["records"])
    #expect(try here.list().map(\.isDone) == [true])
  }

  @Test func aPartOfAPlanKeepsTrainingsTogether() throws {
    let recipe = try Recipe.named("ras")
    let runs = ["a", "b", "c", "d"].map {
      BenchmarkRun(row: $0, recipeName: "ras", recipe: recipe, categories: ["x"], jitter: nil)
    }
    let training = { (run: BenchmarkRun) in ["a", "b"].contains(run.row) ? "1" : run.row }
    let first = try #require(PlanPart("1/2")).holds(runs, training: training)
    let second = try #require(PlanPart("2/2")).holds(runs, training: training)
    #expect(runs.filter(first).map(\.row) == ["a", "b", "d"])
    #expect(runs.filter(second).map(\.row) == ["c"])
    #expect(PlanPart("3/2") == nil && PlanPart("0/2") == nil && PlanPart("1") == nil)
  }

  // MARK: Jobs on a model

  @Test func storedPicturesTrainAModel() throws {
    let bench = try JobBench()
    try PictureStoreJob(
      PictureStoreJob.Request(
        dataset: bench.pictures, output: bench.folder["pictures.store"], imageSize: 64),
      bench.context()
    ).run()
    try StoreTrainingJob(
      store: bench.folder["pictures.store"],
      options: RecipeOptions(name: bench.folder["ras.yaml"]),
      output: TrainingOutput(model: bench.folder["stored.norma"], resume: false, force: false),
      weights: bench.weights, bench.context()
    ).run()
    let model = try ModelFolder.open(bench.folder["stored.norma"])
    #expect(try TrainingRecord.read(from: model)?.trainingPictures == 12)
    #expect(!model.contains(ModelFile.report))
    let wrong = RecipeOptions(name: bench.folder["ras.yaml"], imageSize: 96)
    let refused = #expect(throws: FileProblem.self) {
      try StoreTrainingJob(
        store: bench.folder["pictures.store"], options: wrong,
        output: TrainingOutput(model: bench.folder["other.norma"], resume: false, force: false),
        weights: bench.weights, bench.context())
    }
    #expect(refused?.reason.contains("--image-size 96") == true)
  }

  @Test func calibrationReplacesThresholdsAlone() throws {
    let bench = try JobBench()
    let model = try bench.train("ras")
    let before = try model.data(ModelFile.weights)
    let good = bench.folder["good"]
    for category in ["dotted", "striped"] {
      try FilePath.createFolder(good)
      try FileManager.default.copyItem(
        atPath: bench.pictures + "/\(category)/test/good", toPath: good + "/\(category)")
    }
    let cancellation = Cancellation()
    cancellation.request()
    #expect(throws: Interrupted.self) {
      try CalibrationJob(.init(model: model, pictures: good), bench.context(cancellation)).run()
    }
    #expect(try ModelFolder.open(model.path).manifest == model.manifest)
    try CalibrationJob(.init(model: model, pictures: good), bench.context()).run()
    let after = try ModelFolder.open(model.path)
    #expect(try after.data(ModelFile.weights) == before)
    #expect(after.manifest.previousCalibrations.count == 1)
    #expect(bench.observer.notes.contains("Renewed: dotted, striped"))
    // The page still tells of the training, and so does the record.
    #expect(try TrainingRecord.read(from: after) == TrainingRecord.read(from: model))
  }

  @Test func anotherPrecisionIsAModelOfItsOwn() throws {
    let bench = try JobBench()
    let model = try bench.train("ras")
    func job(_ output: String) throws -> PrecisionJob {
      try PrecisionJob(
        model: model, precision: .bf16, dataset: bench.pictures, reader: PictureReader(),
        limit: 8, output: bench.folder[output], replaces: false, acceptedDrop: 100,
        bench.context())
    }
    #expect(throws: FileProblem.self) { try job("line.norma") }
    try job("bf16.norma").run()
    let other = try ModelFolder.open(bench.folder["bf16.norma"])
    #expect(other.manifest.modelPrecision == .bf16)
    #expect(try TrainingRecord.read(from: other) == TrainingRecord.read(from: model))
    #expect(try TrainingPictures.read(from: other) == TrainingPictures.read(from: model))
    #expect(bench.observer.notes.contains { $0.contains("AUROC") })
  }

  @Test func toleranceIsMeasuredStepByStep() throws {
    let bench = try JobBench()
    let model = try bench.train("padim")
    let request = ToleranceJob.Request(
      dataset: bench.pictures, models: [model.path],
      axes: try [ToleranceAxis](only: "blur,jitter", steps: ["blur=1,2"]),
      output: bench.folder["tolerance"])
    let job = try ToleranceJob(request, reader: PictureReader.init(for:), bench.context())
    var finished: [String] = []
    let result = try job.run { finished.append($0.name) }
    #expect(finished == ["blur"] && result.disturbances.first?.steps.count == 3)
    #expect(bench.observer.asides.contains { $0.hasPrefix("note: no jitter for line") })
    let page = try #require(try job.write(result))
    #expect(FilePath.exists(page))
    #expect(throws: UsageProblem.self) { try [ToleranceAxis](only: "blr", steps: []) }
  }

  @Test func whatAModelTakesForNormalIsDrawn() throws {
    let bench = try JobBench()
    let model = try bench.train(bench.recipeWithWeights("ras"))
    let request = PortrayJob.Request(
      dataset: bench.pictures, count: 1, output: bench.folder["page.html"], steps: 10)
    #expect(try PortrayJob(model: model, request, bench.context()).run().isEmpty)
    let page = try String(contentsOfFile: bench.folder["page.html"], encoding: .utf8)
    #expect(ParsedPage.isWellFormed(page) && page.contains("as if normal"))
    #expect(throws: FileProblem.self) { try PortrayJob(model: model, request, bench.context()) }
    // The decoder is kept.
    var again = request
    again.replaces = true
    _ = try PortrayJob(model: model, again, bench.context()).run()
    #expect(bench.observer.notes.contains("The decoder was there already."))
  }

  @Test func whatRebuildsNothingIsNotPortrayed() throws {
    let bench = try JobBench()
    let model = try bench.train(bench.recipeWithWeights("padim"))
    let refused = #expect(throws: FileProblem.self) {
      try PortrayJob(
        model: model, PortrayJob.Request(dataset: bench.pictures), bench.context())
    }
    #expect(refused?.reason.hasPrefix("PaDiM rebuilds nothing") == true)
  }

  /// Weights that have changed since are noticed wherever a model's network is run again.
  @Test func otherWeightsAreNotTakenForTheModels() throws {
    let bench = try JobBench()
    let model = try bench.train(bench.recipeWithWeights("ras"))
    let file = bench.weights + "/efficientnet-lite0.safetensors"
    var tensors = try SafeTensors.read(file).tensors
    let name = try #require(tensors.keys.sorted().first)
    tensors[name]?.values[0] += 0.5
    try SafeTensors.write(tensors).write(to: URL(fileURLWithPath: file))
    let refused = #expect(throws: FileProblem.self) { try ModelNetwork(model) }
    #expect(
      refused?.reason == "these are not the weights that \(model.path) was trained with")
  }
}
