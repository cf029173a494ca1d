import Foundation

extension Manifest {
  /// What a calibration that was replaced decided by. The normal scores behind it are not kept: a
  /// manifest stays small however often a model is calibrated.
  public struct PreviousCalibration: Codable, Sendable, Equatable {
    /// When it was replaced: ISO 8601, in UTC.
    public var replaced: String
    public var status: CalibrationStatus
    public var falseAlarmRate: Double
    public var pixelFalseAlarmRate: Double
    public var shared: Threshold?
    public var categories: [String: Threshold]
    public var pixel: Threshold?
    public var pixelCategories: [String: Threshold]

    public init(replaced: String, _ calibration: Calibration) {
      self.replaced = replaced
      status = calibration.status
      falseAlarmRate = calibration.falseAlarmRate
      pixelFalseAlarmRate = calibration.pixelFalseAlarmRate
      shared = calibration.shared
      categories = calibration.categories
      pixel = calibration.pixel
      pixelCategories = calibration.pixelCategories
    }

    private enum Earlier: String, CodingKey { case calibration }

    /// Early models kept the whole `calibration.json` as a text.
    public init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      replaced = try container.decode(String.self, forKey: .replaced)
      let earlier = try decoder.container(keyedBy: Earlier.self)
      if let text = try earlier.decodeIfPresent(String.self, forKey: .calibration) {
        let calibration = try Calibration(json: Data(text.utf8))
        status = calibration.status
        (falseAlarmRate, pixelFalseAlarmRate) =
          (calibration.falseAlarmRate, calibration.pixelFalseAlarmRate)
        (shared, categories) = (calibration.shared, calibration.categories)
        (pixel, pixelCategories) = (calibration.pixel, calibration.pixelCategories)
        return
      }
      status = try container.decode(CalibrationStatus.self, forKey: .status)
      falseAlarmRate = try container.decode(Double.self, forKey: .falseAlarmRate)
      pixelFalseAlarmRate = try container.decode(Double.self, forKey: .pixelFalseAlarmRate)
      shared = try container.decodeIfPresent(Threshold.self, forKey: .shared)
      categories = try container.decode([String: Threshold].self, forKey: .categories)
      pixel = try container.decodeIfPresent(Threshold.self, forKey: .pixel)
      pixelCategories = try container.decode([String: Threshold].self, forKey: .pixelCategories)
    }
  }
}
