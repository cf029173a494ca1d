import Foundation
import NormaCore
import NormaTraining
import Testing
import Torch

/// The way in which a GPU trains, on the processor: nothing can be recorded there, all else is alike.
struct GPUStepTests {
  @Test(arguments: [false, true])
  func itTrainsTheSameNetwork(standardized: Bool) throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(
        try SmallTraining.store(in: folder, count: 30), standardize: standardized)
      // A rate that changes at every step, gradients that are cut, losses that are read now and then.
      var settings = SmallTraining.settings(epochs: 12)
      settings.warmup = 30
      settings.cosine = true
      settings.clip = 0.05
      let usual = try #require(try SmallTraining.train(data, settings: settings, onDevice: false))
      let other = try #require(try SmallTraining.train(data, settings: settings, onDevice: true))
      try expectSame(other, usual)
      for (a, b) in zip(usual.history.epochs, other.history.epochs) {
        #expect(abs(a.training - b.training) < 1e-5 * a.training)
        #expect(try abs(#require(a.heldOut) - #require(b.heldOut)) < 1e-5)
      }
      #expect(other.history.steps == usual.history.steps)
    }
  }

  /// RLR with an optimiser step for each level; URA-Net, whose loss looks at the features.
  @Test func methodsOfAnotherKindTrainAlike() throws {
    try withTemporaryFolder { folder in
      var levels = SmallRLR.method
      levels.settings.optimizerSteps = .perLevel
      let cases: [(any TrainingMethod, TrainingData, TrainingSettings)] = [
        (levels, try SmallRLR.data(in: folder), SmallRLR.settings(epochs: 3)),
        (
          URANetTrainingTests.method(), SmallTraining.data(try SmallTraining.store(in: folder)),
          SmallTraining.settings(epochs: 2)
        ),
      ]
      for (method, data, settings) in cases {
        let usual = try SmallTraining.train(
          data, settings: settings, onDevice: false, method: method)
        let other = try SmallTraining.train(
          data, settings: settings, onDevice: true, method: method)
        try expectSame(#require(other), #require(usual))
      }
    }
  }

  private func expectSame(_ network: TrainedNetwork, _ expected: TrainedNetwork) throws {
    #expect(network.names == expected.names)
    for name in expected.names {
      let (a, b) = (try #require(expected.values[name]), try #require(network.values[name]))
      let worst = zip(a, b).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
      #expect(worst < 1e-5, "\(name): \(worst)")
    }
  }

  @Test(arguments: [1, 4, 27]) func itGoesOnWhereItStopped(stopAfter: Int) throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder))
      var settings = SmallTraining.settings(epochs: 2)
      settings.picturesPerEpoch = 4 * 20
      let whole = try #require(try SmallTraining.train(data, settings: settings, onDevice: true))
      let checkpoint = folder.appendingPathComponent("checkpoint").path
      let stopped = try SmallTraining.train(
        data, settings: settings, onDevice: true, checkpoint: checkpoint, stopAfter: stopAfter)
      #expect(stopped == nil)
      let resumed = try #require(
        try SmallTraining.train(data, settings: settings, onDevice: true, checkpoint: checkpoint))
      #expect(resumed.values == whole.values)
      for (a, b) in zip(resumed.history.epochs, whole.history.epochs) {
        #expect(abs(a.training - b.training) < 1e-6)
      }
    }
  }

  @Test func aLossThatIsNotANumberIsFoundOut() throws {
    try withTemporaryFolder { folder in
      let broken = [Float](repeating: .nan, count: SmallTraining.shape.count)
      let store = try SmallTraining.store(in: folder, features: [broken, broken])
      let data = SmallTraining.data(store, heldOut: 0)
      let error = #expect(throws: TrainerError.self) {
        try SmallTraining.train(data, settings: SmallTraining.settings(), onDevice: true)
      }
      #expect(error?.description.contains("nan") == true)
    }
  }

  @Test func picturesComeAgainInAnotherOrderUntilTheEpochIsFull() {
    var settings = SmallTraining.settings()
    let pictures = [3, 5, 7, 11, 13]
    let once = settings.order(of: pictures, epoch: 2)
    #expect(once.sorted() == pictures)
    #expect(settings.stepsPerEpoch(pictures: 5) == 1)

    settings.picturesPerEpoch = 13
    let cycled = settings.order(of: pictures, epoch: 2)
    #expect(cycled.count == 13 && Array(cycled[..<5]) == once)
    #expect(cycled[5..<10].sorted() == pictures && Array(cycled[5..<10]) != once)
    #expect(settings.stepsPerEpoch(pictures: 5) == 3)
    #expect(settings.order(of: pictures, epoch: 3) != cycled)

    settings.picturesPerEpoch = 2
    #expect(settings.order(of: pictures, epoch: 2) == Array(once[..<2]))
  }

  @Test func mapsInTheDevicesMemoryAreThoseOfTheFile() throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder), standardize: true)
      let rows = [7, 0, 7, 21]
      let resident = try data.batch(rows: Tensor(rows: rows))
      #expect(resident.count == 1 && resident[0].shape == [4, 6, 4, 4])
      #expect(try resident[0].floats() == data.batch(rows)[0].floats())
    }
  }
}
