import NormaCore
import Testing

@Suite struct CategoryFeaturesTests {
  @Test func buildsMeansAndTheSpreadWithinCategories() throws {
    var builder = CategoryFeatures.Builder()
    try builder.add([1, 10, 7], category: "a")
    try builder.add([3, 10, 7], category: "a")
    try builder.add([11, 20, 7], category: "b")
    try builder.add([13, 20, 7], category: "b")
    let features = try #require(try builder.build())
    #expect(features.means == ["a": [2, 10, 7], "b": [12, 20, 7]])
    #expect(abs(features.deviation[0] - Float(2).squareRoot()) < 1e-6)
    // Constant within categories: the spread over all. Constant everywhere: tells nothing.
    #expect(features.deviation[1] == 5)
    #expect(features.deviation[2] == 0)
    #expect(try CategoryFeatures.Builder().build() == nil)
  }

  @Test func nearestWeighsEachChannelByItsSpread() throws {
    let features = try CategoryFeatures(
      means: ["far": [0, 0], "near": [100, 1], "void": [100, 2]], deviation: [100, 0.1])
    // By plain distance `far` would win; the second channel is the one that tells.
    #expect(features.nearest([0, 1.05]) == "near")
    #expect(features.nearest([50, 1.5]) == "near")
    #expect(features.nearest([1]) == nil)
    #expect(features.nearest([.nan, 1]) == nil)
    let accuracy = features.accuracy(of: [("near", [0, 1]), ("far", [0, 2])])
    #expect(accuracy == 0.5)
    #expect(features.accuracy(of: []) == nil)
  }

  @Test func tellsRandomCategoriesApart() throws {
    var draws = Draws(seed: 11)
    func feature(_ category: Int) -> [Float] {
      (0..<32).map { channel in
        let scale = Double(1 + channel * channel)
        let place = channel % 4 == category ? 2.0 : 0.0
        return Float(scale * (place + draws.normal()))
      }
    }
    var builder = CategoryFeatures.Builder()
    for category in 0..<4 {
      for _ in 0..<30 { try builder.add(feature(category), category: "\(category)") }
    }
    let features = try #require(try builder.build())
    let pictures = (0..<200).map { (category: "\($0 % 4)", feature: feature($0 % 4)) }
    #expect(try #require(features.accuracy(of: pictures)) > 0.97)
  }

  @Test func badFeaturesAreRefused() throws {
    var builder = CategoryFeatures.Builder()
    try builder.add([1, 2], category: "a")
    #expect(throws: CalibrationError.featureLength(category: "a", found: 1, expected: 2)) {
      try builder.add([1], category: "a")
    }
    #expect(throws: CalibrationError.self) { try builder.add([1, .nan], category: "a") }
    #expect(throws: CalibrationError.self) {
      try CategoryFeatures(means: ["a": [1, 2]], deviation: [1])
    }
    #expect(throws: CalibrationError.self) {
      try CategoryFeatures(means: ["a": [1]], deviation: [-1])
    }
  }
}
