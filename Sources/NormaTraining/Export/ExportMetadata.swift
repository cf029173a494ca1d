import Foundation
import NormaCore

/// What an exported graph says of itself, as ONNX's `metadata_props`: everything that its user would else
/// have to copy from Norma by hand. Lists, numbers by category and the input are JSON.
public struct ExportMetadata {
  private let manifest: Manifest
  private let calibration: Calibration

  public init(_ manifest: Manifest, _ calibration: Calibration) {
    (self.manifest, self.calibration) = (manifest, calibration)
  }

  /// By key, each beginning with `norma.`.
  public func pairs() throws -> [String: String] {
    var pairs = [
      "version": NormaVersion.current, "method": manifest.method,
      "precision": manifest.precision, "model": manifest.digest,
      "input": try Self.json(Input(manifest)),
    ]
    let rule = try calibration.decisionRule()
    pairs["categories"] = try Self.json(rule?.categories ?? calibration.knownCategories)
    if rule != nil {
      pairs["thresholds"] = try Self.json(Thresholds(calibration.shared, calibration.categories))
      pairs["false_alarm_rate"] = "\(calibration.falseAlarmRate)"
    }
    if calibration.pixel != nil {
      pairs["pixel_thresholds"] = try Self.json(
        Thresholds(calibration.pixel, calibration.pixelCategories))
      pairs["pixel_false_alarm_rate"] = "\(calibration.pixelFalseAlarmRate)"
    }
    if rule?.tellsUnknown == true { pairs["unknown_rate"] = "\(calibration.unknownRate)" }
    return Dictionary(uniqueKeysWithValues: pairs.map { ("norma." + $0.key, $0.value) })
  }

  /// Above which number a picture is anomalous, or a pixel of its map belongs to a region.
  private struct Thresholds: Encodable {
    var shared: Float?
    var categories: [String: Float]

    init(_ shared: Threshold?, _ categories: [String: Threshold]) {
      (self.shared, self.categories) = (shared?.value, categories.mapValues(\.value))
    }
  }

  /// What the graph takes.
  private struct Input: Encodable {
    var name = GraphPort.pictures
    var type = "uint8"
    var layout = "NHWC"
    var channels = "RGB"
    var size: Int
    var resize =
      "the whole picture to size x size pixels, aspect not kept, bilinear and antialiased"
    var exifOrientation: Bool

    init(_ manifest: Manifest) {
      (size, exifOrientation) = (manifest.imageSize, manifest.exifOrientation)
    }
  }

  private static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }
}
