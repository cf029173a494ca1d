import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaJobs
import TestSupport
import Testing

/// `norma calibrate` in process: which pictures it takes, and what it says of them.
@Suite struct CalibrationJobTests {
  /// The normal pictures that a model of this bench is made from.
  private func normal(_ bench: JobBench) throws -> [Sample] {
    try DatasetReader.read(bench.pictures).train.filter { !$0.label.isAnomalous }
  }

  /// Pictures in a folder as `calibrate` wants them.
  private func folder(
    _ name: String, of samples: [Sample], in bench: JobBench,
    _ bytes: (Sample) throws -> Data = { try Data(contentsOf: URL(fileURLWithPath: $0.path)) }
  ) throws -> String {
    for (number, sample) in samples.enumerated() {
      try bench.folder.file("\(name)/\(sample.category)/\(number).png", bytes(sample))
    }
    return bench.folder[name]
  }

  private func refusal(_ model: ModelFolder, _ pictures: String, _ bench: JobBench) -> String {
    let error = #expect(throws: FileProblem.self) {
      try CalibrationJob(.init(model: model, pictures: pictures), bench.context()).run()
    }
    return error?.description ?? ""
  }

  @Test func picturesOfTheTrainingAreRefused() throws {
    let bench = try JobBench()
    let model = try bench.train("ras")
    let known = try #require(try TrainingPictures.read(from: model))
    let all = try normal(bench)
    #expect(all.count == 16 && known.files.count == 12 && known.pixels.count == 12)

    // Copies under other names, and the same stored with something behind it, which makes other files.
    let copies = refusal(model, try folder("copies", of: all, in: bench), bench)
    #expect(copies.contains("12 of its 16 pictures are among those"), "\(copies)")
    #expect(copies.contains("--allow-training-pictures") && copies.contains("copies/dotted/"))
    let others = try folder("others", of: all, in: bench) {
      try Data(contentsOf: URL(fileURLWithPath: $0.path)) + Data("tail".utf8)
    }
    #expect(refusal(model, others, bench).contains("12 of its 16 pictures"))
    #expect(try ModelFolder.open(model.path).manifest == model.manifest)

    var request = CalibrationJob.Request(model: model, pictures: others)
    request.allowsTrainingPictures = true
    #expect(try CalibrationJob(request, bench.context()).run().trainingPictures == 12)
    #expect(bench.observer.asides.contains { $0.contains("thresholds will be too low") })
  }

  /// The network has not seen them.
  @Test func picturesThatWereHeldOutAreNew() throws {
    let bench = try JobBench()
    let model = try bench.train("ras")
    let known = try #require(try TrainingPictures.read(from: model))
    let heldOut = try normal(bench).filter { sample in
      !known.files.contains(
        TrainingPictures.digest(sha256: try Digest.sha256(file: sample.path)))
    }
    #expect(heldOut.count == 4)
    let pictures = try folder("good", of: heldOut, in: bench)
    let outcome = try CalibrationJob(.init(model: model, pictures: pictures), bench.context())
      .run()
    #expect(outcome.trainingPictures == 0 && outcome.pictures == 4)
    #expect(outcome.renewed == ["dotted", "striped"] && outcome.recognized == nil)
    #expect(outcome.scarce.isEmpty)

    // One in place of two says less.
    let one = try folder("one", of: Array(heldOut.prefix(1)), in: bench)
    let scarce = try CalibrationJob(.init(model: model, pictures: one), bench.context()).run()
      .scarce
    #expect(scarce.map(\.category) == [heldOut[0].category])
    #expect(scarce.map(\.pictures) == [1] && scarce.map(\.replaced) == [2])
    #expect(bench.observer.asides.contains { $0.contains("1 new picture in place of the 2") })
  }

  @Test func anotherModelOfTheSameNetworkKnowsItsPicturesToo() throws {
    let bench = try JobBench()
    let model = try bench.train("ras")
    let request = bench.request("ras", output: "again.norma", weightsOf: model.path)
    try TrainJob(request, bench.context()).run()
    let again = try ModelFolder.open(bench.folder["again.norma"])
    #expect(try TrainingPictures.read(from: again) == TrainingPictures.read(from: model))
    #expect(try again.data(ModelFile.trainingPictures) == model.data(ModelFile.trainingPictures))
  }

  @Test func defectsCompareRates() throws {
    let bench = try JobBench()
    let model = try bench.train("ras")
    for category in ["dotted", "striped"] {
      try FilePath.createFolder(bench.folder["good"])
      try FilePath.createFolder(bench.folder["bad/\(category)"])
      let test = bench.pictures + "/\(category)/test"
      try FileManager.default.copyItem(
        atPath: test + "/good", toPath: bench.folder["good/\(category)"])
      let kinds = try FolderListing(test).folders.filter { $0 != "good" }
      for kind in kinds {
        try FileManager.default.copyItem(
          atPath: "\(test)/\(kind)", toPath: bench.folder["bad/\(category)/\(kind)"])
      }
    }
    var request = CalibrationJob.Request(model: model, pictures: bench.folder["good"])
    request.defects = bench.folder["bad"]
    let outcome = try CalibrationJob(request, bench.context()).run()
    let points = try #require(outcome.operatingPoints)
    #expect(points.pictures == outcome.pictures && points.defects > 0)
    #expect(outcome.recommendedIsSet == false)
    // Nothing was set but what the normal pictures set alone.
    let alone = try ModelFolder.open(model.path)
    #expect(alone.manifest.previousCalibrations.count == 1)
    #expect(try alone.calibration().falseAlarmRate == model.calibration().falseAlarmRate)
    #expect(bench.observer.notes.contains { $0.contains("← recommended") })
    #expect(bench.observer.notes.contains { $0.contains("defects: catches") })

    request.model = alone
    request.setsRecommended = true
    request.costs = OperatingPoints.Costs(miss: 1e6, defectShare: 0.5)
    let set = try CalibrationJob(request, bench.context()).run()
    let rate = try #require(set.operatingPoints).recommendedPoint.falseAlarmRate
    #expect(set.recommendedIsSet == true && set.falseAlarmRate == rate)
    #expect(try ModelFolder.open(model.path).calibration().falseAlarmRate == rate)
  }

  @Test func aFolderOfMoreThanDefectsIsRefused() throws {
    let bench = try JobBench()
    let model = try bench.train("padim")
    var request = CalibrationJob.Request(
      model: model, pictures: bench.pictures + "/dotted/test/good")
    // One category's pictures for a model of two: by the folder's name it is none of them.
    #expect(throws: FileProblem.self) { try CalibrationJob(request, bench.context()).run() }

    try FilePath.createFolder(bench.folder["new"])
    try FileManager.default.copyItem(
      atPath: bench.pictures + "/dotted/test/good", toPath: bench.folder["new/dotted"])
    request.pictures = bench.folder["new"]
    func problem(_ defects: String) -> String {
      request.defects = defects
      let error = #expect(throws: FileProblem.self) {
        try CalibrationJob(request, bench.context()).run()
      }
      return error?.description ?? ""
    }
    #expect(problem(bench.folder["nowhere"]).contains("no such folder"))
    // A category's test pictures hold good ones and masks beside the defects.
    try FilePath.createFolder(bench.folder["mixed"])
    try FileManager.default.copyItem(
      atPath: bench.pictures + "/dotted/test", toPath: bench.folder["mixed/dotted"])
    #expect(problem(bench.folder["mixed"]).contains("nothing but pictures of defects"))
    #expect(problem(bench.pictures + "/dotted/test/good").contains("in the folder itself"))
    try FileManager.default.moveItem(
      atPath: bench.folder["mixed/dotted"], toPath: bench.folder["mixed/dotty"])
    #expect(problem(bench.folder["mixed"]).contains("does not know dotty"))
    #expect(try ModelFolder.open(model.path).manifest == model.manifest)
  }
}
