import Foundation
import Networks
import NormaCore
import NormaTraining
import Testing

/// What trained networks show of themselves.
struct PortraitTests {
  private func trained(
    _ method: any TrainingMethod, _ data: TrainingData, _ settings: TrainingSettings
  ) throws -> TrainedNetwork {
    let trainer = try Trainer(method, data: data, settings: settings, fingerprint: "f")
    guard case .finished(let network) = try trainer.run(checkpoint: nil) else {
      throw CancellationError()
    }
    return network
  }

  @Test func rlrShowsItsReferenceAndWhereItLooks() throws {
    try withTemporaryFolder { folder in
      let data = try SmallRLR.data(in: folder)
      let method = SmallRLR.method
      let network = try trained(method, data, SmallRLR.settings(epochs: 2))
      let sections = try method.portrait(network, data: data, examples: [1, 4]).sections
      #expect(sections.count == 2)
      let learned = sections[0].rows
      // The reference of each level, then each picture at each level.
      #expect(learned.map(\.tiles.count) == [1, 1, 3, 3, 3, 3])
      guard case .colours(let bytes, let grid) = learned[0].tiles[0].content else {
        Issue.record("the reference is not shown as colours")
        return
      }
      #expect(grid == SmallRLR.shapes[0].grid && bytes.count == 3 * grid.count)
      #expect(Set(bytes).count > 3)
      for row in sections[1].rows {
        #expect(row.tiles.map(\.label) == ["picture", "MLKA", "LCA"])
        for tile in row.tiles.dropFirst() {
          guard case .look(_, let weights, let place, let column, let grid) = tile.content else {
            Issue.record("\(tile.label) is not a look")
            continue
          }
          #expect(abs(weights.reduce(0, +) - 1) < 1e-4 && weights.count == grid.count)
          #expect(place < grid.height && column < grid.width)
        }
      }
      // The same network has the same portrait.
      let again = try method.portrait(network, data: data, examples: [1, 4]).sections
      #expect("\(again)" == "\(sections)")
    }
  }

  @Test func rasShowsItsSteps() throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder))
      let method = SmallTraining.method
      let network = try trained(method, data, SmallTraining.settings(epochs: 2))
      let rows = try method.portrait(network, data: data, examples: [0]).sections[0].rows
      let steps = (1...method.configuration.decoderSteps).map { "step \($0)" }
      #expect(rows.map { $0.tiles.map(\.label) } == [["picture", "features"] + steps])
    }
  }
}
