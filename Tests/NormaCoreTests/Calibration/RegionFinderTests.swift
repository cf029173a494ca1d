import NormaCore
import Testing

@Suite struct RegionFinderTests {
  /// 4 × 3: a diagonal pair on the left, one pixel on the right.
  private let map: [Float] = [
    5, 1, 1, 1,
    1, 7, 1, 9,
    1, 1, 1, 1,
  ]

  @Test func boxesAndAreasAreInThePicturesPixels() throws {
    let regions = try RegionFinder(threshold: 1).regions(
      in: map, width: 4, height: 3, pictureWidth: 400, pictureHeight: 30)
    #expect(
      regions == [
        Region(x: 300, y: 10, width: 100, height: 10, area: 1000, peak: 9),
        Region(x: 0, y: 0, width: 200, height: 20, area: 2000, peak: 7),
      ])
  }

  @Test func boxCoversPartlyTouchedPixelsAndStaysInside() throws {
    let regions = try RegionFinder(threshold: 1).regions(
      in: map, width: 4, height: 3, pictureWidth: 5, pictureHeight: 2)
    #expect(
      regions == [
        Region(x: 3, y: 0, width: 2, height: 2, area: 1, peak: 9),
        Region(x: 0, y: 0, width: 3, height: 2, area: 2, peak: 7),
      ])
    let single = try RegionFinder(threshold: 0).regions(
      in: map, width: 4, height: 3, pictureWidth: 1, pictureHeight: 1)
    #expect(single == [Region(x: 0, y: 0, width: 1, height: 1, area: 1, peak: 9)])
  }

  @Test func thresholdIsExclusive() throws {
    func areas(_ threshold: Float) throws -> [Int] {
      try RegionFinder(threshold: threshold).regions(
        in: map, width: 4, height: 3, pictureWidth: 4, pictureHeight: 3
      ).map(\.area)
    }
    #expect(try areas(1) == [1, 2])
    #expect(try areas(7) == [1])
    #expect(try areas(9) == [])
  }

  @Test func equalPeaksAreSortedByAreaThenPlace() throws {
    let map: [Float] = [2, 0, 2, 0, 2, 0, 0, 0, 0, 2]
    let regions = try RegionFinder(threshold: 1).regions(
      in: map, width: 5, height: 2, pictureWidth: 5, pictureHeight: 2)
    #expect(regions.map(\.x) == [4, 0, 2])
    #expect(regions.map(\.area) == [2, 1, 1])
  }

  @Test func badMapsAreRefused() {
    #expect(throws: MetricError.self) {
      try RegionFinder(threshold: 1).regions(
        in: [.nan], width: 1, height: 1, pictureWidth: 1, pictureHeight: 1)
    }
    #expect(throws: MetricError.self) {
      try RegionFinder(threshold: 1).regions(
        in: [1], width: 2, height: 1, pictureWidth: 1, pictureHeight: 1)
    }
    #expect(throws: MetricError.self) {
      try RegionFinder(threshold: 1).regions(
        in: [1], width: 1, height: 1, pictureWidth: 0, pictureHeight: 1)
    }
  }
}
