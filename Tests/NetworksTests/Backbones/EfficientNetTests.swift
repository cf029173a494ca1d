import Networks
import Testing

@Suite struct EfficientNetTests {
  private func record(
    _ name: String, taps: [Int]? = nil, padding: BackbonePadding = .nominal, size: Int
  ) throws -> (levels: [[Int]], record: ConvolutionRecord, names: [String: [Int]]) {
    let specification = try EfficientNetSpecificationTests.named(name)
    let record = ConvolutionRecord()
    var names: [String: [Int]] = [:]
    let parameters = Parameters<RecordingValue> { name, shape, _ in
      #expect(names.updateValue(shape, forKey: name) == nil, "\(name) was asked for twice")
      return RecordingValue(shape: shape, record: record)
    }
    let network = try EfficientNet(
      specification, taps: taps, padding: padding, parameters: parameters)
    let levels = try network(RecordingValue(shape: [-1, 3, size, size], record: record))
    return (levels.map(\.shape), record, names)
  }

  @Test(arguments: EfficientNetSpecification.all.map(\.name))
  func asksForTheListedParametersAndGivesTheTaps(name: String) throws {
    let specification = try EfficientNetSpecificationTests.named(name)
    for padding in BackbonePadding.allCases {
      for taps in [specification.defaultTaps, specification.lastBlockAtEachStride] {
        let (levels, _, names) = try record(name, taps: taps, padding: padding, size: 256)
        #expect(names == specification.parameterShapes(throughBlock: taps[taps.count - 1]))
        let expected = taps.map { tap in
          let side = 256 / specification.stride(ofBlock: tap)
          return [-1, specification.blocks[tap].outputChannels, side, side]
        }
        #expect(levels == expected)
      }
    }
  }

  @Test func roundsOddSizesUp() throws {
    let (levels, _, _) = try record("efficientnet-b0", padding: .dynamic, size: 225)
    #expect(levels.map { $0[2] } == [113, 57, 29, 15])
  }

  @Test func endsWithTheLastTap() throws {
    let (levels, record, names) = try record("efficientnet-b4", taps: [0], size: 224)
    #expect(levels == [[-1, 24, 112, 112]])
    #expect(record.entries.count == 5)
    #expect(!names.keys.contains { $0.hasPrefix("blocks.0.1") })
  }

  @Test func theTwoPaddingsOfB4DifferAt224OnlyInBlock6() throws {
    let nominal = try record("efficientnet-b4", padding: .nominal, size: 224).record.entries
    let dynamic = try record("efficientnet-b4", padding: .dynamic, size: 224).record.entries
    let different = zip(nominal, dynamic).filter { $0.0 != $0.1 }
    #expect(different.count == 1)
    let (left, right) = try #require(different.first)
    #expect((left.kernel, left.stride) == (5, 2))
    #expect(left.padding == Padding(top: 2, left: 2, bottom: 2, right: 2))
    #expect(right.padding == Padding(top: 1, left: 1, bottom: 2, right: 2))
    // The first convolutions, where 380 and 224 agree: one pixel, at the right and bottom.
    #expect(nominal[0].padding == Padding(top: 0, left: 0, bottom: 1, right: 1))
  }

  @Test func theTwoPaddingsAgreeAtTheNominalResolution() throws {
    for specification in EfficientNetSpecification.all {
      let size = specification.nominalResolution
      let nominal = try record(specification.name, padding: .nominal, size: size).record.entries
      let dynamic = try record(specification.name, padding: .dynamic, size: size).record.entries
      #expect(nominal == dynamic)
    }
  }

  @Test(arguments: [
    (224, 3, 2, 0, 1), (225, 3, 2, 1, 1), (56, 5, 2, 1, 2), (95, 5, 2, 2, 2), (14, 3, 1, 1, 1),
    (14, 5, 1, 2, 2), (7, 1, 1, 0, 0), (1, 3, 2, 1, 1), (4, 1, 2, 0, 0),
  ])
  func padsAsTensorFlowDoes(size: Int, kernel: Int, stride: Int, before: Int, after: Int) {
    let padding = BackbonePadding.same(size: size, kernel: kernel, stride: stride)
    #expect(padding == (before, after))
  }

  @Test func activatesAsItsFamilyDoes() throws {
    #expect(
      try record("efficientnet-b0", size: 64).record.activations == ["silu", "sigmoid"])
    #expect(try record("efficientnet-lite0", size: 64).record.activations == ["relu6"])
  }

  @Test func refusesWhatIsNoPicture() throws {
    let specification = try EfficientNetSpecificationTests.named("efficientnet-lite0")
    let record = ConvolutionRecord()
    let network = try EfficientNet(
      specification,
      parameters: Parameters<RecordingValue> { _, shape, _ in
        RecordingValue(shape: shape, record: record)
      })
    #expect(throws: BackboneError.self) {
      try network(RecordingValue(shape: [1, 224, 224, 3], record: record))
    }
    #expect(throws: BackboneError.self) {
      try PictureNormalization.imageNet.normalized(
        RecordingValue(shape: [1, 3, 224, 224], record: record))
    }
  }
}
