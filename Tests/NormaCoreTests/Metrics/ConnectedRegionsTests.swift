import NormaCore
import Testing

@Suite struct ConnectedRegionsTests {
  @Test(arguments: [0.05, 0.2, 0.4, 0.6, 0.95])
  func equalsFlooding(density: Double) throws {
    var generator = Draws(seed: UInt64(density * 100))
    for (width, height) in [(1, 1), (1, 30), (30, 1), (17, 23), (64, 40)] {
      let mask = (0..<(width * height)).map { _ in
        UInt8(Double.random(in: 0..<1, using: &generator) < density ? 255 : 0)
      }
      let expected = Naive.flood(mask, width, height)
      let regions = try ConnectedRegions(mask: mask, width: width, height: height)
      var found = Array(repeating: -1, count: mask.count)
      for run in regions.runs {
        for column in run.start..<run.end { found[run.row * width + column] = run.region }
      }
      #expect(found == expected)
      #expect(
        regions.areas == regions.areas.indices.map { region in expected.count { $0 == region } })
    }
  }

  @Test func cornersTouch() throws {
    let regions = try ConnectedRegions(mask: [1, 0, 0, 1, 0, 1, 1, 0], width: 4, height: 2)
    #expect(regions.areas == [4])
    let apart = try ConnectedRegions(mask: [1, 0, 0, 1, 1, 0, 0, 1], width: 4, height: 2)
    #expect(apart.areas == [2, 2])
  }

  @Test func emptyMaskHasNoRegion() throws {
    #expect(try ConnectedRegions(mask: [0, 0, 0, 0], width: 2, height: 2).areas == [])
    #expect(throws: MetricError.self) { try ConnectedRegions(mask: [1], width: 2, height: 2) }
  }
}
