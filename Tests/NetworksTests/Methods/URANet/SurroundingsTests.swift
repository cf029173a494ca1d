import Networks
import Testing
import Torch

/// What the perception sees of a token's picture.
struct SurroundingsTests {
  @Test(arguments: [(1, 1), (1, 5), (2, 2), (3, 4), (5, 3)])
  func eachTokenIsSetAgainstItsNeighboursAndItsPicture(height: Int, width: Int) throws {
    let (grid, channels, batch) = (Grid(height: height, width: width), 3, 2)
    let tokens = try Generator(seed: 5).normal([batch, grid.count, channels])
    let found = try Surroundings(grid: grid)(tokens)
    #expect(found.shape == [batch, grid.count, 3 * channels])
    let (values, views) = (try tokens.floats(), try found.floats())
    func value(_ picture: Int, _ token: Int, _ channel: Int) -> Double {
      Double(values[(picture * grid.count + token) * channels + channel])
    }
    for picture in 0..<batch {
      for token in 0..<grid.count {
        let near = (0..<grid.count).filter {
          abs($0 / width - token / width) <= 1 && abs($0 % width - token % width) <= 1
        }
        for channel in 0..<channels {
          func mean(_ of: [Int]) -> Double {
            of.reduce(0) { $0 + value(picture, $1, channel) } / Double(of.count)
          }
          let own = value(picture, token, channel)
          let expected = [own, own - mean(near), own - mean(Array(0..<grid.count))]
          for (view, expected) in expected.enumerated() {
            let place = (picture * grid.count + token) * 3 * channels + view * channels + channel
            #expect(abs(Double(views[place]) - expected) < 1e-5)
          }
        }
      }
    }
  }

  /// The same tokens in another order are the same to a head that sees each alone, and not to one that
  /// sees where they are.
  @Test(arguments: [false, true])
  func theHeadKnowsWhereATokenIs(surroundings: Bool) throws {
    var c = URANetSettings.Perception()
    (c.width, c.surroundings) = (8, surroundings)
    let head = try PerceptionHead(
      c, shape: MapShape(channels: 6, grid: Grid(height: 3, width: 4)),
      ParameterStore().initialized(by: Generator(seed: 1)))
    let tokens = try Generator(seed: 2).normal([1, 12, 6])
    let order = [7, 0, 11, 4, 2, 9, 1, 10, 3, 8, 5, 6]
    let said = try head(tokens).probability.floats()
    let other = try head(tokens.gathered(axis: 1, order)).probability.floats()
    let difference = zip(order, other).map { abs(said[$0] - $1) }.max() ?? 0
    #expect(surroundings ? difference > 1e-3 : difference < 1e-6)
  }
}
