import Foundation
import NormaCore
import TestSupport
import Testing

@Suite struct PixelMetricsTests {
  private struct Pictures {
    var maps: [[Float]]
    var masks: [[UInt8]?]
    var width = 24
    var height = 18

    /// Smooth noise, higher inside the marked regions; `levels` rounds it so that pixels tie.
    init(count: Int, seed: UInt64, levels: Float?, width: Int = 24, height: Int = 18) {
      var generator = Draws(seed: seed)
      (self.width, self.height, maps, masks) = (width, height, [], [])
      for picture in 0..<count {
        var mask = Array(repeating: UInt8(0), count: width * height)
        for _ in 0..<(picture % 3) {
          let left = Int.random(in: 0..<(width - 4), using: &generator)
          let top = Int.random(in: 0..<(height - 4), using: &generator)
          for row in top..<(top + 4) {
            for column in left..<(left + Int.random(in: 1...4, using: &generator)) {
              mask[row * width + column] = 1
            }
          }
        }
        let map = mask.map { marked in
          let value = Float(generator.normal()) + (marked != 0 ? 1 : 0)
          return levels.map { (value * $0).rounded() / $0 } ?? value
        }
        maps.append(map)
        masks.append(picture % 3 == 0 && picture % 2 == 0 ? nil : mask)
      }
    }

    func result(limit: Double = 0.3, memory: Int = 1 << 20) throws -> (PixelResult, spilled: Int) {
      let metrics = try PixelMetrics(falsePositiveLimit: limit, memoryLimit: memory)
      for (map, mask) in zip(maps, masks) {
        try metrics.add(map: map, mask: mask, width: width, height: height)
      }
      return (try metrics.finish(), metrics.spilledBytes)
    }
  }

  @Test(arguments: [2, 20, nil] as [Float?])
  func equalsTheDefinitions(levels: Float?) throws {
    let pictures = Pictures(count: 5, seed: 3, levels: levels)
    let (result, _) = try pictures.result()
    let scores = pictures.maps.flatMap { $0 }
    let masks = pictures.masks.map { $0 ?? Array(repeating: 0, count: 24 * 18) }
    let labels = masks.flatMap { $0 }.map { $0 != 0 }
    #expect(abs(try #require(result.auroc) - Naive.auroc(scores, labels)) < 1e-12)
    let precision = try #require(result.averagePrecision)
    #expect(abs(precision - Naive.averagePrecision(scores, labels)) < 1e-12)
    #expect(abs(try #require(result.f1Max) - Naive.f1Max(scores, labels)) < 1e-12)
    let aupro = Naive.aupro(maps: pictures.maps, masks: masks, width: 24, height: 18, limit: 0.3)
    #expect(abs(try #require(result.aupro) - aupro) < 1e-12)
    #expect(result.pixels == scores.count)
    #expect(result.anomalousPixels == labels.count { $0 })
  }

  @Test(arguments: [0.05, 0.3, 1.0])
  func auproIsCutAtTheLimit(limit: Double) throws {
    let pictures = Pictures(count: 4, seed: 5, levels: 4)
    let masks = pictures.masks.map { $0 ?? Array(repeating: 0, count: 24 * 18) }
    let expected = Naive.aupro(
      maps: pictures.maps, masks: masks, width: 24, height: 18, limit: limit)
    #expect(abs(try #require(try pictures.result(limit: limit).0.aupro) - expected) < 1e-12)
  }

  @Test(arguments: [0, 64, 1024])
  func spilledPixelsGiveTheSameResultToTheLastBit(memory: Int) throws {
    for levels in [2, nil] as [Float?] {
      let pictures = Pictures(count: 4, seed: 8, levels: levels, width: 12, height: 10)
      let (inMemory, nothing) = try pictures.result(memory: 64 << 20)
      let (spilled, bytes) = try pictures.result(memory: memory)
      #expect(nothing == 0)
      #expect(bytes > 0)
      #expect(inMemory == spilled)
    }
  }

  /// Crowded scores are counted in a table, sparse ones sorted; ranks keep the order and crowd.
  @Test func crowdedScoresGiveTheSameResultAsSparseOnes() throws {
    let sparse = Pictures(count: 12, seed: 8, levels: 50, width: 60, height: 50)
    let order = Set(sparse.maps.flatMap { $0 }).sorted()
    let rank = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
    var crowded = sparse
    crowded.maps = sparse.maps.map { $0.map { Float(0x10_0000 + (rank[$0] ?? 0)) } }
    let (expected, _) = try sparse.result()
    let (counted, nothing) = try crowded.result(memory: 1 << 20)
    let (spilled, bytes) = try crowded.result(memory: 40_000)
    #expect(nothing == 0)
    #expect(bytes > 100_000)
    #expect(counted == spilled)
    #expect(counted.auroc == expected.auroc)
    #expect(counted.averagePrecision == expected.averagePrecision)
    #expect(abs(try #require(counted.aupro) - (try #require(expected.aupro))) < 1e-12)
  }

  @Test func wholePictureMarkedOrNothingMarked() throws {
    let marked = try PixelMetrics()
    try marked.add(map: [1, 2, 3, 4], mask: [1, 1, 1, 1], width: 2, height: 2)
    let all = try marked.finish()
    #expect(all.auroc == nil && all.averagePrecision == nil && all.aupro == nil)
    let empty = try PixelMetrics()
    try empty.add(map: [1, 2, 3, 4], mask: [0, 0, 0, 0], width: 2, height: 2)
    let none = try empty.finish()
    #expect(none.auroc == nil && none.aupro == nil && none.regions == 0 && none.pixels == 4)
    #expect(try PixelMetrics().finish().pixels == 0)
  }

  @Test func equalPixelsRankNothing() throws {
    let metrics = try PixelMetrics()
    try metrics.add(map: [5, 5, 5, 5], mask: [1, 0, 0, 1], width: 2, height: 2)
    let result = try metrics.finish()
    #expect(result.auroc == 0.5)
    #expect(result.averagePrecision == 0.5)
    #expect(abs(try #require(result.aupro) - 0.15) < 1e-15)
    #expect(result.regions == 1)
  }

  @Test func badInputIsRefused() throws {
    let metrics = try PixelMetrics()
    #expect(throws: MetricError.notANumber(what: "pixel of the anomaly map", index: 2)) {
      try metrics.add(map: [1, 2, .nan, 4], mask: nil, width: 2, height: 2)
    }
    #expect(throws: MetricError.self) {
      try metrics.add(map: [1, 2, 3], mask: nil, width: 2, height: 2)
    }
    #expect(throws: MetricError.self) {
      try metrics.add(map: [1, 2, 3, 4], mask: [1], width: 2, height: 2)
    }
    #expect(throws: MetricError.self) { try PixelMetrics(falsePositiveLimit: 0) }
    _ = try metrics.finish()
    #expect(throws: MetricError.finished) {
      try metrics.add(map: [1], mask: nil, width: 1, height: 1)
    }
    #expect(throws: MetricError.finished) { try metrics.finish() }
  }

  @Test func temporaryFolderThatDoesNotExistIsNamed() throws {
    let folder = try TemporaryFolder()["none"]
    let metrics = try PixelMetrics(memoryLimit: 0, temporaryFolder: folder)
    let error = #expect(throws: MetricError.self) {
      try metrics.add(map: [1, 2, 3, 4], mask: nil, width: 2, height: 2)
    }
    #expect(error?.description.contains(folder) == true)
  }

  #if os(Linux)
    @Test func fullDiskIsAnErrorThatSaysSo() throws {
      let file = try TemporaryFile(device: "/dev/full")
      let error = #expect(throws: MetricError.self) {
        try [UInt8](repeating: 1, count: 64).withUnsafeBytes { try file.append($0) }
      }
      #expect(error?.description.contains("No space left on device") == true)
    }
  #endif
}

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
