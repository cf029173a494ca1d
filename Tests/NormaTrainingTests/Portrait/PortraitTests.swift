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

  @Test func uraNetShowsWhatItMakesOfAnomalies() throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder))
      let method = URANetTrainingTests.method()
      let network = try trained(method, data, SmallTraining.settings(epochs: 2))
      let sections = try method.portrait(network, data: data, examples: [5, 8]).sections
      #expect(sections.map(\.title) == ["Made-up anomalies", "Normal pictures"])
      #expect(
        sections[0].rows.map(\.caption)
          == ["another picture's tokens", "noise"].flatMap {
            Array(repeating: "pasted: " + $0, count: 2)
          })
      for row in sections[0].rows {
        #expect(
          row.tiles.map(\.label) == [
            "picture", "features", "mask M", "pasted", "probability", "uncertainty", "region m",
            "restored",
          ])
        guard case .amounts(let mask, 1, let grid) = row.tiles[2].content,
          case .colours(let normal, _) = row.tiles[1].content,
          case .colours(let pasted, _) = row.tiles[3].content
        else {
          Issue.record("\(row)")
          continue
        }
        #expect(mask.count == grid.count && mask.contains(1), "every sample is touched")
        for token in mask.indices where mask[token] == 0 {
          #expect(normal[3 * token..<3 * token + 3] == pasted[3 * token..<3 * token + 3])
        }
        #expect(normal != pasted)
      }
      #expect(sections[1].rows.allSatisfy { $0.tiles.count == 6 })
      let again = try method.portrait(network, data: data, examples: [5, 8]).sections
      #expect("\(again)" == "\(sections)")
      let quiet = URANetTrainingTests.method { $0.settings.synthesis.enabled = false }
      let left = try quiet.portrait(network, data: data, examples: [5]).sections
      #expect(left.map(\.title) == ["Normal pictures"])
    }
  }

  @Test func rasShowsWhatItRebuilds() throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder))
      let method = SmallTraining.method
      let network = try trained(method, data, SmallTraining.settings(epochs: 2))
      let rows = try method.portrait(network, data: data, examples: [0]).sections[0].rows
      #expect(rows.map { $0.tiles.map(\.label) } == [["picture", "features", "as if normal"]])
    }
  }
}
