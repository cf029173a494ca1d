import Networks
import Testing

@Suite struct EfficientNetSpecificationTests {
  static func named(_ name: String) throws -> EfficientNetSpecification {
    try #require(EfficientNetSpecification.named(name))
  }

  /// Stem, channels and depth of each stage, and nominal resolution, as the reference
  /// implementations have them.
  @Test(arguments: [
    ("efficientnet-b0", 32, [16, 24, 40, 80, 112, 192, 320], [1, 2, 2, 3, 3, 4, 1], 224),
    ("efficientnet-b1", 32, [16, 24, 40, 80, 112, 192, 320], [2, 3, 3, 4, 4, 5, 2], 240),
    ("efficientnet-b2", 32, [16, 24, 48, 88, 120, 208, 352], [2, 3, 3, 4, 4, 5, 2], 260),
    ("efficientnet-b3", 40, [24, 32, 48, 96, 136, 232, 384], [2, 3, 3, 5, 5, 6, 2], 300),
    ("efficientnet-b4", 48, [24, 32, 56, 112, 160, 272, 448], [2, 4, 4, 6, 6, 8, 2], 380),
    ("efficientnet-b5", 48, [24, 40, 64, 128, 176, 304, 512], [3, 5, 5, 7, 7, 9, 3], 456),
    ("efficientnet-b6", 56, [32, 40, 72, 144, 200, 344, 576], [3, 6, 6, 8, 8, 11, 3], 528),
    ("efficientnet-b7", 64, [32, 48, 80, 160, 224, 384, 640], [4, 7, 7, 10, 10, 13, 4], 600),
    ("efficientnet-lite0", 32, [16, 24, 40, 80, 112, 192, 320], [1, 2, 2, 3, 3, 4, 1], 224),
    ("efficientnet-lite1", 32, [16, 24, 40, 80, 112, 192, 320], [1, 3, 3, 4, 4, 5, 1], 240),
    ("efficientnet-lite2", 32, [16, 24, 48, 88, 120, 208, 352], [1, 3, 3, 4, 4, 5, 1], 260),
    ("efficientnet-lite3", 32, [24, 32, 48, 96, 136, 232, 384], [1, 3, 3, 5, 5, 6, 1], 280),
    ("efficientnet-lite4", 32, [24, 32, 56, 112, 160, 272, 448], [1, 4, 4, 6, 6, 8, 1], 300),
  ])
  func hasThePublishedSizes(
    name: String, stem: Int, channels: [Int], depths: [Int], resolution: Int
  ) throws {
    let specification = try Self.named(name)
    #expect(specification.stemChannels == stem)
    #expect(specification.nominalResolution == resolution)
    let stages = (0..<7).map { stage in specification.blocks.filter { $0.stage == stage } }
    #expect(stages.map { $0.last?.outputChannels } == channels)
    #expect(stages.map(\.count) == depths)
    #expect(specification.blocks.indices.allSatisfy { specification.blocks[$0].index == $0 })
    #expect(stages.allSatisfy { $0.map(\.place) == Array(0..<$0.count) })
    let isLite = name.contains("lite")
    #expect(specification.family == (isLite ? .lite : .standard))
    #expect(specification.blocks.allSatisfy { ($0.squeezedChannels == nil) == isLite })
  }

  @Test(arguments: [
    ("efficientnet-lite0", [0, 2, 4, 10], [16, 24, 40, 112]),
    ("efficientnet-b4", [1, 5, 9, 21], [24, 32, 56, 160]),
    ("efficientnet-b6", [2, 8, 14, 30], [32, 40, 72, 200]),
  ])
  func tapsTheLastBlockOfEachStride(name: String, taps: [Int], channels: [Int]) throws {
    let specification = try Self.named(name)
    #expect(specification.defaultTaps == taps)
    #expect(taps.map { specification.blocks[$0].outputChannels } == channels)
    #expect(taps.map { specification.stride(ofBlock: $0) } == [2, 4, 8, 16])
  }

  @Test func theLastStrideIsTheLastBlocks() throws {
    let b6 = try Self.named("efficientnet-b6")
    #expect(b6.lastBlockAtEachStride == [2, 8, 14, 30, 44])
    #expect(b6.blocks[44].outputChannels == 576)
    #expect(b6.stride(ofBlock: 44) == 32)
  }

  @Test func squeezesAQuarterOfTheBlocksInput() throws {
    let b4 = try Self.named("efficientnet-b4")
    #expect(b4.blocks[0].squeezedChannels == 12)
    #expect(b4.blocks[2].squeezedChannels == 6)
    #expect(b4.blocks[2].expandedChannels == 144)
  }

  @Test(arguments: [[], [-1], [0, 32], [5, 1], [1, 1]])
  func refusesTapsThatDoNotExist(taps: [Int]) throws {
    let b4 = try Self.named("efficientnet-b4")
    #expect(throws: BackboneError.self) { try b4.check(taps: taps) }
  }

  @Test func aStrangeNameIsNoNetwork() {
    #expect(EfficientNetSpecification.named("efficientnet-b9") == nil)
    #expect(Set(EfficientNetSpecification.all.map(\.name)).count == 13)
  }
}
