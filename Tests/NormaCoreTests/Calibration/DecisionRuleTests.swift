import NormaCore
import Testing

/// The constants that verdicts, and exported graphs, are made by.
@Suite struct DecisionRuleTests {
  private func calibration(rate: Double = 0.05) throws -> Calibration {
    var draws = Draws(seed: 5)
    var builder = CategoryFeatures.Builder()
    var held: [(category: String, feature: [Float])] = []
    var scores: [String: [Float]] = [:]
    for number in 0..<120 {
      let category = number % 2 == 0 ? "cup" : "lid"
      let place = category == "cup" ? 0.0 : 20
      for isHeld in [false, true] {
        let feature = (0..<6).map { _ in Float(place + draws.normal()) }
        if isHeld {
          held.append((category, feature))
        } else {
          try builder.add(feature, category: category)
        }
      }
      scores[category, default: []].append(
        Float((category == "cup" ? 0.1 : 3) * (1 + 0.02 * Double(number % 13))))
    }
    let features = try #require(try builder.build())
    return try .fit(
      scores: scores, source: .holdout, rate: rate, features: features,
      distances: features.distances(of: held))
  }

  @Test func levelsLieBetweenTheUsualAndTheThreshold() throws {
    let calibration = try calibration()
    let rule = try #require(try calibration.decisionRule())
    #expect(rule.categories == ["cup", "lid"] && rule.tellsUnknown)
    for category in rule.categories {
      let scale = rule.scale(of: category)
      #expect(try calibration.threshold(category: category).value == scale.threshold)
      #expect(scale.isLogarithmic && scale.range ?? 0 > 0)
      #expect(scale.level(of: scale.threshold) == 1)
      #expect(scale.level(of: scale.threshold.nextUp) > 1)
      #expect(scale.level(of: 0) == 0)
      let least = try #require(rule.least[category])
      #expect(least < scale.threshold && least > 0)
      let (near, far) = (rule.leastDistances[category], rule.distanceLimits[category])
      #expect(try #require(near) < #require(far))
    }
    #expect(rule.scale(of: "cup").threshold < rule.scale(of: "lid").threshold)
  }

  @Test func otherRatesAreOtherConstants() throws {
    let calibration = try calibration()
    let own = try #require(try calibration.decisionRule())
    #expect(try calibration.decisionRule(rate: 0.05, unknownRate: 0.005) == own)
    let strict = try #require(try calibration.decisionRule(rate: 0.2))
    #expect(strict.scale(of: "cup").threshold < own.scale(of: "cup").threshold)
    #expect(strict.distanceLimits == own.distanceLimits)
    let wide = try #require(try calibration.decisionRule(unknownRate: 0.1))
    let (limit, narrow) = (try #require(own.distanceLimits["lid"]), wide.distanceLimits["lid"])
    #expect(try #require(narrow) < limit)
    #expect(wide.scale(of: "cup") == own.scale(of: "cup"))
    #expect(throws: CalibrationError.rate(0)) { try calibration.decisionRule(rate: 0) }
    #expect(throws: CalibrationError.rate(1)) { try calibration.decisionRule(unknownRate: 1) }
  }

  @Test func whatDoesNotVaryHasSides() throws {
    let calibration = try Calibration.fit(
      scores: ["cup": [Float](repeating: 0.5, count: 30)], source: .holdout)
    let rule = try #require(try calibration.decisionRule())
    #expect(rule.features == nil && !rule.tellsUnknown && rule.shared.range == nil)
    #expect([0.4, 0.5, 0.6].map { rule.shared.level(of: $0) } == [0, 1, 2])
  }

  @Test func withoutThresholdsThereIsNoRule() throws {
    #expect(try Calibration.uncalibrated().decisionRule() == nil)
  }
}
