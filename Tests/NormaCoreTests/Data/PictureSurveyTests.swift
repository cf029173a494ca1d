import NormaCore
import Testing

@Suite("A survey of training pictures")
struct PictureSurveyTests {
  private static let channels = 48

  /// Pictures about a category's own middle.
  private static func pictures(
    _ category: String, _ count: Int, at middle: Float, seed: UInt64
  ) -> [(category: String, feature: [Float])] {
    var draws = SeededGenerator(seed: seed, stream: category)
    return (0..<count).map { _ in
      (category, (0..<channels).map { _ in middle + Float(draws.normal()) })
    }
  }

  /// Each of `pictures` so often, as a camera would take it again.
  private static func bursts(
    _ pictures: [(category: String, feature: [Float])], _ times: Int, noise: Float
  ) -> [(category: String, feature: [Float])] {
    var draws = SeededGenerator(seed: 9, stream: "noise")
    return pictures.flatMap { picture in
      (0..<times).map { _ in
        (picture.category, picture.feature.map { $0 + noise * Float(draws.normal()) })
      }
    }
  }

  @Test("different pictures are scenes of their own, and none is a stray")
  func independent() throws {
    let pictures =
      Self.pictures("a", 120, at: 0, seed: 1) + Self.pictures("b", 60, at: 5, seed: 2)
    let survey = try PictureSurvey(pictures)
    #expect(survey.scenes == Array(pictures.indices) && survey.variants.isEmpty)
    #expect(survey.sceneCount == 180 && survey.strays.isEmpty)
  }

  @Test("thirty scenes of ten copies are thirty scenes, named by their first picture")
  func bursts() throws {
    let scenes = Self.pictures("a", 30, at: 0, seed: 3)
    let survey = try PictureSurvey(Self.bursts(scenes, 10, noise: 0.05))
    #expect(survey.sceneCount == 30 && survey.firsts == (0..<30).map { $0 * 10 })
    #expect(survey.scenes == (0..<300).map { $0 / 10 * 10 })
  }

  @Test("variants of a product are no copies, however clear they stand apart")
  func variants() throws {
    for variants in 2...4 {
      let pictures = (0..<variants).flatMap { variant in
        Self.pictures("a", 40, at: 0, seed: UInt64(variant)).map { picture in
          // Each has a direction of its own, in which it departs three deviations.
          (
            picture.category,
            picture.feature.enumerated().map { $0 % variants == variant ? $1 + 3 : $1 }
          )
        }
      }
      #expect(try PictureSurvey(pictures).sceneCount >= 40 * variants * 9 / 10)
    }
  }

  @Test("few groups of many count as pictures of their own, and are named; equal files are one")
  func fewGroups() throws {
    let scenes = Self.pictures("a", 4, at: 0, seed: 11)
    let alike = try PictureSurvey(Self.bursts(scenes, 30, noise: 0.01))
    #expect(alike.sceneCount == 120 && alike.variants == ["a": 4])
    let text = PictureSurvey.warning(of: "a", groups: 4)
    #expect(text.contains("of a fall into 4 groups") && text.contains("thresholds will be too low"))
    let same = try PictureSurvey(Self.bursts(scenes, 30, noise: 0))
    #expect(same.sceneCount == 4 && same.variants.isEmpty)
  }

  @Test("every picture is compared once, and a stop ends the comparison")
  func progress() throws {
    let pictures = Self.pictures("a", 20, at: 0, seed: 1) + Self.pictures("b", 1, at: 5, seed: 2)
    var told: [Int] = []
    _ = try PictureSurvey(pictures) { told.append($0) }
    #expect(told == Array(1...21))
    struct Stop: Error {}
    #expect(throws: Stop.self) { try PictureSurvey(pictures) { _ in throw Stop() } }
  }

  @Test("few pictures that the light alone tells apart are pictures")
  func light() throws {
    let one = Self.pictures("a", 1, at: 2, seed: 4)[0].feature
    let pictures = [0.8, 0.9, 1, 1.15, 1.3].map { light in
      (category: "a", feature: one.map { $0 * Float(light) })
    }
    #expect(try PictureSurvey(pictures).sceneCount == 5)
  }

  @Test("equal files are one scene, also where nothing else is there")
  func equal() throws {
    let one = Self.pictures("a", 1, at: 2, seed: 4)
    #expect(try PictureSurvey(one + one + one).scenes == [0, 0, 0])
    #expect(try PictureSurvey(one).scenes == [0])
    #expect(try PictureSurvey([]).scenes.isEmpty)
    // Copies are of one category: the same picture in two is a stray, if anything.
    #expect(try PictureSurvey(one + [("b", one[0].feature)]).sceneCount == 2)
  }

  @Test("a picture of another category, and one of none, are strays, the farther first")
  func strays() throws {
    var pictures =
      Self.pictures("a", 60, at: 0, seed: 5) + Self.pictures("b", 60, at: 5, seed: 6)
    pictures[7].feature = Self.pictures("b", 1, at: 5, seed: 7)[0].feature
    pictures[70].feature = Self.pictures("b", 1, at: 60, seed: 8)[0].feature
    let survey = try PictureSurvey(pictures)
    #expect(survey.strays.map(\.picture) == [70, 7])
    #expect(survey.strays.map(\.nearer) == [nil, "b"])
    #expect(survey.strays.allSatisfy { $0.distance > 2 })
  }

  @Test("features of other lengths, or not finite, are refused")
  func bad() {
    #expect(throws: CalibrationError.self) {
      try PictureSurvey([("a", [1, 2]), ("a", [1])])
    }
    #expect(throws: CalibrationError.self) { try PictureSurvey([("a", [.nan])]) }
  }
}
