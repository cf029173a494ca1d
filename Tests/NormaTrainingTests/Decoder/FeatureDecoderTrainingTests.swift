import Foundation
import Networks
import NormaTraining
import Testing
import Torch

struct FeatureDecoderTrainingTests {
  @Test func learnsToDrawWhatFeaturesSay() throws {
    try withTemporaryFolder { folder in
      let data = try SmallDecoding.data(in: folder)
      let history = try SmallDecoding.network(data, steps: 150).history
      let losses = history.epochs.map(\.training)
      #expect(losses.count == 10 && history.steps == 150)
      // Colours are between 0 and 1 at random: who knows nothing is off by a quarter.
      #expect(try #require(losses.last) < 0.3 * losses[0], "\(losses)")
      let heldOut = try #require(history.epochs.last?.heldOut)
      #expect(heldOut < 0.12, "pictures that it has not seen: \(heldOut)")
    }
  }

  @Test func isAsLongAsAsked() {
    for steps in [10, 25, 600] {
      let settings = FeatureDecoderConfiguration.settings(steps: steps, seed: 0)
      for pictures in [3, 100, 5000] {
        #expect(abs(settings.steps(pictures: pictures) - steps) < 10)
      }
    }
  }

  @Test func theSeedDecides() throws {
    try withTemporaryFolder { folder in
      let data = try SmallDecoding.data(in: folder)
      let first = try SmallDecoding.network(data, steps: 20)
      #expect(try SmallDecoding.network(data, steps: 20).values == first.values)
      #expect(try SmallDecoding.network(data, steps: 20, seed: 4).values != first.values)
    }
  }

  @Test func goesOnWhereItStopped() throws {
    try withTemporaryFolder { folder in
      let data = try SmallDecoding.data(in: folder)
      let whole = try SmallDecoding.network(data, steps: 20)
      let checkpoint = folder.appendingPathComponent("checkpoint").path
      func trainer() throws -> Trainer {
        try Trainer(
          SmallDecoding.configuration, data: data, settings: SmallDecoding.settings(steps: 20),
          fingerprint: "f")
      }
      var asked = 0
      let stopped = try trainer().run(checkpoint: checkpoint) {
        asked += 1
        return asked > 7
      }
      guard case .interrupted = stopped else { throw CancellationError() }
      let second = try trainer()
      #expect(try second.resume(from: checkpoint))
      guard case .finished(let network) = try second.run(checkpoint: nil) else {
        throw CancellationError()
      }
      #expect(network.values == whole.values)
    }
  }
}
