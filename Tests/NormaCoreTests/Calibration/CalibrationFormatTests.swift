import Foundation
import NormaCore
import Testing

/// What a calibration's file says of its own format, and what a calibration knows of its recognition.
@Suite struct CalibrationFormatTests {
  private func calibration() throws -> Calibration {
    try .fit(
      scores: ["bottle": [1, 2, 1.1, 0.3, 1.7], "tire": [3, 0.1, 2.2, 2.4, 3.3]],
      source: .holdout, rate: 0.25,
      features: CategoryFeatures(
        means: ["bottle": [0, 0], "tire": [10, 1]], deviation: [5, 0.1]),
      autoAccuracy: 0.75)
  }

  private func problem(replacing find: String, by replacement: String) throws -> String {
    let text = String(decoding: try calibration().json(), as: UTF8.self)
    let changed = text.replacingOccurrences(of: find, with: replacement)
    try #require(changed != text)
    let error = #expect(throws: CalibrationError.self) {
      try Calibration(json: Data(changed.utf8))
    }
    return error?.description ?? ""
  }

  @Test func aLaterFormatIsToldByItsNumber() throws {
    let later = try problem(replacing: #""formatVersion" : 2"#, by: #""formatVersion" : 3"#)
    #expect(
      later.hasSuffix("made by a later Norma (format 3; this one reads up to 2): update Norma"),
      "\(later)")
  }

  /// A word that is not known is no damage of the JSON.
  @Test func whatIsNotKnownIsNamed() throws {
    let unknown = try problem(replacing: #""basis" : "pooled""#, by: #""basis" : "dreamt""#)
    #expect(unknown.contains("'shared.basis'") && unknown.contains("update Norma"), "\(unknown)")
  }

  /// As Norma 0.1 wrote it.
  @Test func theFirstFormatHasNoNumber() throws {
    let text = String(decoding: try calibration().json(), as: UTF8.self)
    var object = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    object["formatVersion"] = nil
    object["rule"] = nil
    let old = try JSONSerialization.data(withJSONObject: object)
    #expect(try Calibration(json: old).shared == calibration().shared)
  }

  /// New pictures that place a category anew say how well that is done; fewer leave it, and what is known
  /// of it, as it is.
  @Test func theAccuracyIsOfWhatWasRenewed() throws {
    let old = try calibration()
    let feature = { (place: Int) -> (category: String, feature: [Float]) in
      // One in ten lies where bottles do.
      ("tire", place % 10 == 0 ? [0, 0] : [9 + Float(place % 3), 1])
    }
    let scores = ["tire": (0..<10).map { Float($0) }]
    let renewed = try old.recalibrated(scores: scores, pictures: (0..<10).map(feature))
    #expect(renewed.autoAccuracy == 0.9 && renewed.autoAccuracyPictures == 10)
    #expect(renewed.features != old.features)
    #expect(try Calibration(json: renewed.json()) == renewed)
    let few = try old.recalibrated(
      scores: ["tire": [1, 2, 3]], pictures: (0..<3).map(feature))
    #expect(few.autoAccuracy == 0.75 && few.autoAccuracyPictures == nil)
    #expect(few.features == old.features && few.normalDistances["tire"]?.count == 3)
  }
}
