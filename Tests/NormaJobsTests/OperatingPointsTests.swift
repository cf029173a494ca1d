import NormaCore
import NormaJobs
import Testing

@Suite struct OperatingPointsTests {
  private static func picture(_ score: Float, _ name: String = "a") -> CalibrationPicture {
    CalibrationPicture(path: "\(name)/\(score)", category: name, score: score, feature: [])
  }

  private static let good = (1...99).map { picture(Float($0)) }
  /// Eight that every threshold catches, four each that the loose ones do, and four that none does.
  private static let defects = [200, 96.5, 92, 10].flatMap { score in
    (0..<(score == 200 ? 8 : 4)).map { _ in picture(score) }
  }

  private func points(miss: Double) throws -> OperatingPoints {
    let old = try Calibration.fit(
      scores: ["a": (1...40).map { Float($0) }], source: .holdout, rate: 0.05)
    return try OperatingPoints(
      good: Self.good, defects: Self.defects, old: old, rate: nil,
      costs: OperatingPoints.Costs(miss: miss))
  }

  @Test func ratesAreComparedByWhatTheyDo() throws {
    let found = try points(miss: 10)
    // 99 pictures support one in a hundred: what is below has the same threshold.
    #expect(found.points.map(\.falseAlarmRate) == [0.1, 0.05, 0.02, 0.01])
    for point in found.points { #expect(abs(point.promised - point.falseAlarmRate) < 1e-12) }
    #expect(found.points.map(\.catches.count) == [16, 12, 8, 8])
    // Judged by the others: of these are a few less, so that some rates flag one picture less.
    #expect(found.points.map(\.falseAlarms.count) == [9, 4, 1, 1])
    #expect(found.points.map(\.isSet) == [false, true, false, false])
    #expect(found.points[1].level == 1 && found.points[0].level < 1 && found.points[3].level > 1)
    #expect(found.pictures == 99 && found.defects == 20 && found.unknownDefects == 0)
    #expect(found.points.allSatisfy { $0.catchesByCategory.isEmpty })
    for (point, (alarms, catches)) in zip(
      found.points, [(0.1, 0.8), (0.05, 0.6), (0.02, 0.4), (0.01, 0.4)])
    {
      #expect(abs(point.cost - (0.99 * alarms + 0.1 * (1 - catches))) < 1e-12)
    }
  }

  /// Where misses are dear, more false alarms are worth it; and only where defects are many enough is that
  /// said without a doubt.
  @Test func theCheapestIsRecommended() throws {
    let cheap = try points(miss: 10)
    #expect(cheap.recommendedPoint.falseAlarmRate == 0.01)
    #expect(cheap.points.map(\.isLikeRecommended) == [false, true, true, false])
    let dear = try points(miss: 200)
    #expect(dear.recommendedPoint.falseAlarmRate == 0.1)
    #expect(dear.points.map(\.isLikeRecommended) == [false, false, false, false])
  }

  @Test func theModelsRateStandsForThoseThatCannotBeToldFromIt() throws {
    let old = try Calibration.fit(
      scores: ["a": (1...40).map { Float($0) }], source: .holdout, rate: 0.01)
    let found = try OperatingPoints(
      good: (1...20).map { Self.picture(Float($0)) }, defects: [Self.picture(30)], old: old,
      rate: nil)
    #expect(found.points.map(\.falseAlarmRate) == [0.1, 0.01])
    #expect(abs(found.points[1].promised - 1.0 / 21) < 1e-12 && found.points[1].isSet)
  }

  @Test func categoriesAreCountedApart() throws {
    let old = try Calibration.fit(
      scores: ["a": [1, 2, 3], "b": [1, 2, 3]], source: .holdout, rate: 0.2)
    let good = (1...10).flatMap { [Self.picture(Float($0)), Self.picture(Float($0), "b")] }
    let found = try OperatingPoints(
      good: good, defects: [Self.picture(50), Self.picture(60, "b"), Self.picture(1, "b")],
      old: old, rate: nil)
    let last = try #require(found.points.last)
    #expect(last.catchesByCategory["a"]?.count == 1 && last.catchesByCategory["a"]?.total == 1)
    #expect(last.catchesByCategory["b"]?.count == 1 && last.catchesByCategory["b"]?.total == 2)
  }
}

@Suite struct SuspiciousPicturesTests {
  private static func picture(_ score: Float, _ name: String) -> CalibrationPicture {
    CalibrationPicture(path: "\(name)/\(score)", category: name, score: score, feature: [])
  }

  private func found(
    _ pictures: [CalibrationPicture], old: Calibration? = nil
  ) throws -> [String] {
    let before = try old ?? .uncalibrated()
    let scores = Dictionary(grouping: pictures, by: \.category).mapValues { $0.map(\.score) }
    return try SuspiciousPictures.among(
      pictures, old: before, new: before.recalibrated(scores: scores)
    ).map(\.path)
  }

  @Test func whatStandsFarOutIsNamed() throws {
    let usual = (0..<30).map { Self.picture(1 + Float($0) / 100, "a") }
    #expect(try found(usual) == [])
    #expect(try found(usual + [Self.picture(7, "a"), Self.picture(9, "a")]) == ["a/9.0", "a/7.0"])
    // A quarter of the pictures does not hide behind itself.
    let many = (0..<6).map { Self.picture(20 + Float($0), "a") }
    #expect(try found(usual + many).count == 6)
  }

  /// Each is seen from what is usual for its category.
  @Test func categoriesOfFewPicturesStandTogether() throws {
    let pictures = [("a", Float(1)), ("b", 10), ("c", 100)].flatMap { name, usual in
      [0.95, 0.98, 1, 1.02, 1.05].map { Self.picture(usual * $0, name) }
    }
    #expect(try found(pictures) == [])
    #expect(try found(pictures + [Self.picture(9, "a")]) == ["a/9.0"])
    // Of seven in all nobody can say what is usual.
    #expect(try found(Array(pictures.prefix(6)) + [Self.picture(9, "a")]) == [])
  }

  /// Half of a handful are seen by the thresholds of before.
  @Test func theThresholdsOfBeforeSayWhatIsFarOut() throws {
    let old = try Calibration.fit(
      scores: ["a": (0..<30).map { 1 + Float($0) / 100 }], source: .holdout, rate: 0.05)
    let pictures = [1.1, 1.15, 1.2, 8, 9].map { Self.picture($0, "a") }
    #expect(try found(pictures, old: old) == ["a/9.0", "a/8.0"])
    // In new light all of them are brighter: these thresholds say nothing of them.
    #expect(try found([8, 8.1, 8.2, 8.3, 9].map { Self.picture($0, "a") }, old: old) == [])
  }
}
