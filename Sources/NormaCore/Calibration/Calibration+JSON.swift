import Foundation

extension Calibration: Codable {
  private enum CodingKeys: String, CodingKey {
    case status, falseAlarmRate, pixelFalseAlarmRate, extrapolates, shared, categories, pixel
    case pixelCategories, normalScores, normalPixelMaxima, normalSuspicions, features
    case autoAccuracy, autoAccuracyPictures, normalDistances, unknownRate, rule, formatVersion
  }

  /// The format that this code writes, and the latest that it reads. Files of Norma 0.1 do not say theirs,
  /// which is the first.
  static let currentFormat = 2

  /// How categories' thresholds were set: by logarithms, standardized, with a smoothed tail. Files of
  /// Norma 0.1 do not say any.
  private static let rule = "standardized logarithms"

  /// Thresholds are taken as the file has them: a model keeps deciding as it was shipped. What other
  /// rates, levels and p-values need is made anew from the normal scores, and so are the thresholds that the
  /// categories of a model of several had by the rule of Norma 0.1, which wasted most of their rate.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    // A later format may be anything but for this number, so it is looked at first.
    if let format = try container.decodeIfPresent(Int.self, forKey: .formatVersion),
      format > Self.currentFormat
    {
      throw CalibrationError.unreadable(
        "it was made by a later Norma (format \(format); this one reads up to "
          + "\(Self.currentFormat)): update Norma")
    }
    let isOfThisRule =
      try container.decodeIfPresent(String.self, forKey: .rule) == Self.rule
    try self.init(
      status: container.decode(CalibrationStatus.self, forKey: .status),
      rate: container.decode(Double.self, forKey: .falseAlarmRate),
      pixelRate: container.decode(Double.self, forKey: .pixelFalseAlarmRate),
      extrapolates: container.decode(Bool.self, forKey: .extrapolates),
      scores: container.decode([String: [Float]].self, forKey: .normalScores),
      maxima: container.decode([String: [Float]].self, forKey: .normalPixelMaxima),
      suspicions: container.decodeIfPresent([String: [Float]].self, forKey: .normalSuspicions)
        ?? [:],
      features: container.decodeIfPresent(CategoryFeatures.self, forKey: .features),
      autoAccuracy: container.decodeIfPresent(Double.self, forKey: .autoAccuracy),
      autoAccuracyPictures: container.decodeIfPresent(Int.self, forKey: .autoAccuracyPictures),
      distances: container.decodeIfPresent([String: [Float]].self, forKey: .normalDistances) ?? [:],
      unknownRate: container.decodeIfPresent(Double.self, forKey: .unknownRate)
        ?? Self.defaultUnknownRate,
      stored: StoredThresholds(
        shared: container.decodeIfPresent(Threshold.self, forKey: .shared),
        categories: isOfThisRule
          ? container.decode([String: Threshold].self, forKey: .categories) : nil,
        pixel: container.decodeIfPresent(Threshold.self, forKey: .pixel),
        pixelCategories: isOfThisRule
          ? container.decode([String: Threshold].self, forKey: .pixelCategories) : nil))
    try checkStored()
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(status, forKey: .status)
    try container.encode(falseAlarmRate, forKey: .falseAlarmRate)
    try container.encode(pixelFalseAlarmRate, forKey: .pixelFalseAlarmRate)
    try container.encode(extrapolates, forKey: .extrapolates)
    try container.encode(shared, forKey: .shared)
    try container.encode(categories, forKey: .categories)
    try container.encode(pixel, forKey: .pixel)
    try container.encode(pixelCategories, forKey: .pixelCategories)
    try container.encode(normalScores, forKey: .normalScores)
    try container.encode(normalPixelMaxima, forKey: .normalPixelMaxima)
    if !normalSuspicions.isEmpty {
      try container.encode(normalSuspicions, forKey: .normalSuspicions)
    }
    try container.encode(features, forKey: .features)
    try container.encode(autoAccuracy, forKey: .autoAccuracy)
    try container.encodeIfPresent(autoAccuracyPictures, forKey: .autoAccuracyPictures)
    if !normalDistances.isEmpty {
      try container.encode(normalDistances, forKey: .normalDistances)
      try container.encode(unknownRate, forKey: .unknownRate)
    }
    try container.encode(Self.rule, forKey: .rule)
    try container.encode(Self.currentFormat, forKey: .formatVersion)
  }

  /// The calibration as JSON with sorted keys: the same calibration gives the same bytes.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self)
  }

  /// Reads what ``json()`` wrote.
  ///
  /// - Throws: ``CalibrationError``.
  public init(json: Data) throws {
    do {
      self = try JSONDecoder().decode(Calibration.self, from: json)
    } catch let error as CalibrationError {
      throw error
    } catch let DecodingError.keyNotFound(key, _) {
      throw CalibrationError.unreadable("'\(key.stringValue)' is missing")
    } catch let DecodingError.typeMismatch(_, context), let DecodingError.valueNotFound(_, context)
    {
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      throw CalibrationError.unreadable("the value at '\(path)' is of the wrong kind")
    } catch let DecodingError.dataCorrupted(context) where !context.codingPath.isEmpty {
      let path = context.codingPath.map(\.stringValue).joined(separator: ".")
      throw CalibrationError.unreadable(
        "the value at '\(path)' is none that this Norma knows: it is damaged, or made by a later Norma; "
          + "then update Norma")
    } catch {
      throw CalibrationError.unreadable("it is not valid JSON")
    }
  }

  private func checkStored() throws {
    let isCalibrated = status != .uncalibrated
    guard isCalibrated == (shared != nil),
      isCalibrated == normalScores.values.contains(where: { !$0.isEmpty })
    else {
      throw CalibrationError.unreadable(
        isCalibrated
          ? "its status is '\(status)', but thresholds or normal scores are missing"
          : "its status is 'uncalibrated', but it has thresholds or normal scores")
    }
    let all = [shared, pixel].compactMap { $0 } + categories.values + pixelCategories.values
    for threshold in all {
      guard threshold.value.isFinite, threshold.rate.isFinite else {
        throw CalibrationError.notFinite(what: "a threshold", value: "\(threshold.value)")
      }
      try Self.check(rate: threshold.requestedRate)
      guard (0...1).contains(threshold.rate), threshold.pictures > 0 else {
        throw CalibrationError.unreadable(
          "a threshold's rate is \(threshold.rate) by \(threshold.pictures) pictures; a rate is a share "
            + "between 0 and 1, of one picture at the least")
      }
    }
    let shares = 0.0...1.0
    let isPossible =
      all.allSatisfy {
        shares.contains($0.rate) && shares.contains($0.requestedRate) && $0.pictures >= 0
      }
      && shares.contains(autoAccuracy ?? 0) && (autoAccuracyPictures ?? 0) >= 0
    guard isPossible else {
      throw CalibrationError.unreadable("a rate in it is no share, or a number of pictures below 0")
    }
  }
}
