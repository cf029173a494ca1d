import Foundation
import Networks
import NormaCore
import NormaTraining
import Testing

struct RLRTrainingTests {
  private func trained(
    _ method: RLRMethod, _ data: TrainingData, _ settings: TrainingSettings
  ) throws -> TrainedNetwork {
    let trainer = try Trainer(method, data: data, settings: settings, fingerprint: "f")
    guard case .finished(let network) = try trainer.run(checkpoint: nil) else {
      throw TrainerTests.TestFailure("the training did not finish")
    }
    return network
  }

  @Test func severalLevelsLearn() throws {
    try withTemporaryFolder { folder in
      let data = try SmallRLR.data(in: folder, count: 14, heldOut: 2)
      let network = try trained(SmallRLR.method, data, SmallRLR.settings(epochs: 12))
      let losses = network.history.epochs
      #expect((losses.last?.training ?? 1) < 0.7 * (losses.first?.training ?? 0))
      #expect(losses.allSatisfy { $0.heldOut?.isFinite == true })
      #expect(network.names.contains("1.layers.1.lca.value.weight"))
    }
  }

  /// Adam in closed form. A parameter whose gradient g is found once, and is then zero, moves by the
  /// rate in the first step; in the second by rate · [β₁(1−β₁)/(1−β₁²)] / √[β₂(1−β₂)/(1−β₂²)]. One whose
  /// first gradient was zero moves by rate · [(1−β₁)/(1−β₁²)] / √[(1−β₂)/(1−β₂²)] in the second.
  @Test func stepsOfEachLevelLeaveTheOthersGradientsAtZero() throws {
    try withTemporaryFolder { folder in
      let data = try SmallRLR.data(in: folder, count: 4)
      var method = SmallRLR.method
      let joint = try moved(by: method, data)
      #expect(abs(joint.first - 1) < 0.01 && abs(joint.second - 1) < 0.01, "\(joint)")
      method.settings.optimizerSteps = .perLevel
      let apart = try moved(by: method, data)
      let again = (0.9 * 0.1 / 0.19) / (0.999 * 0.001 / 0.001999).squareRoot()
      let late = (0.1 / 0.19) / (0.001 / 0.001999).squareRoot()
      #expect(abs(apart.first - (1 + again)) < 0.01, "\(apart)")
      #expect(abs(apart.second - late) < 0.01, "\(apart)")
    }
  }

  @Test func aWiderLevelLearnsMoreSlowly() throws {
    try withTemporaryFolder { folder in
      let data = try SmallRLR.data(in: folder, count: 4)
      var method = SmallRLR.method
      method.settings.rateWidth = 16
      let moves = try moved(by: method, data)
      #expect(abs(moves.first - 1) < 0.01 && abs(moves.second - 0.5) < 0.01, "\(moves)")
    }
  }

  /// How far one optimiser step of each part of the loss moves the levels' last weights, as a share of
  /// the rate: the median.
  private func moved(
    by method: RLRMethod, _ data: TrainingData
  ) throws -> (first: Double, second: Double) {
    let rate = 1e-3
    // At a rate of nearly nothing the parameters stay where they began.
    let before = try trained(method, data, SmallRLR.settings(epochs: 1, rate: 1e-30))
    let after = try trained(method, data, SmallRLR.settings(epochs: 1, rate: rate))
    func median(_ name: String) throws -> Double {
      let a = try #require(before.values[name])
      let b = try #require(after.values[name])
      let moves = zip(a, b).map { Double(abs($1 - $0)) }.sorted()
      return moves[moves.count / 2] / rate
    }
    return (try median("0.output.weight"), try median("1.output.weight"))
  }
}
