import Foundation
import Norma
import NormaCore
import ONNX

/// A model folder around `TinyGraph`: a picture's score is its reddest pixel after the resize, its map
/// the red channel.
enum TinyModel {
  static let size = 24
  /// Normal pictures are dim: twenty scores from 0.1 to 0.2 in each of two categories, which differ in
  /// their blue.
  ///
  /// - Parameter perceives: 40 suspicions from 0.1 to 0.195 besides.
  static func calibration(perceives: Bool = false) throws -> Calibration {
    let scores = (0..<20).map { 0.1 + Float($0) / 190 }
    var features = CategoryFeatures.Builder()
    for step in 0..<4 {
      let spread = Float(step) / 100
      try features.add([0.15 + spread, 0, 0.1 + spread], category: "plates")
      try features.add([0.15 + spread, 0, 0.9 + spread], category: "rings")
    }
    let both = ["plates": scores, "rings": scores.map { $0 + 0.1 }]
    let suspicions = (0..<20).map { 0.1 + Float($0) * 0.005 }
    return try Calibration.fit(
      scores: both, pixelMaxima: both,
      suspicions: perceives ? ["plates": suspicions, "rings": suspicions] : [:],
      source: .holdout, rate: 0.05,
      features: features.build(), autoAccuracy: 1)
  }

  @discardableResult
  static func write(
    to path: String, scale: Float = 1, calibration: Calibration? = nil,
    exifOrientation: Bool = false, perceives: Bool = false
  ) throws -> ModelFolder {
    let manifest = Manifest(
      method: "ras", recipe: Recipe(),
      backbone: Manifest.Backbone(name: "tiny", weightsDigest: ""), precision: "f32",
      imageSize: size, grid: 2, exifOrientation: exifOrientation,
      categories: ["plates", "rings"],
      data: Manifest.TrainingData(fingerprint: "", pictures: 40, root: "tiny"), toolVersion: "0")
    return try ModelFolder.write(
      to: path, manifest: manifest,
      files: [
        ModelFile.graph: TinyGraph.model(
          size: size, scale: scale, perceives: perceives),
        ModelFile.calibration:
          (calibration
          ?? Self.calibration(perceives: perceives)).json(),
      ], replacing: false)
  }

  /// A picture with `red` in the square that begins at (`x`, `y`), dim elsewhere, at twice the
  /// network's size.
  static func picture(red: UInt8, x: Int = 16, y: Int = 16, side: Int = 16, blue: UInt8 = 30)
    -> [UInt8]
  {
    let wide = 2 * size
    let pixels = (0..<(wide * wide)).flatMap { place -> [UInt8] in
      let inside =
        (x..<(x + side)).contains(place % wide) && (y..<(y + side)).contains(place / wide)
      return [inside ? red : 20, 0, blue]
    }
    return HandmadePNG(width: wide, height: wide, kind: .rgb, lines: pixels).bytes
  }

  /// The mask of such a square.
  static func mask(x: Int = 16, y: Int = 16, side: Int = 16, size wide: Int = 48) -> [UInt8] {
    let values = (0..<(wide * wide)).map { place -> UInt8 in
      (x..<(x + side)).contains(place % wide) && (y..<(y + side)).contains(place / wide) ? 255 : 0
    }
    return HandmadePNG(width: wide, height: wide, kind: .grey, lines: values).bytes
  }
}

/// A graph that does by hand what an exported model does: the anomaly map is the red channel, the
/// score the map's maximum, the feature the mean colour; all divided by 255 and times `scale`. Where
/// asked for, it perceives, too: it is as suspicious as the blue channel's maximum, as unsure as half of
/// that channel says, and a token of a 2×2 grid is anomalous with the probability of its mean red.
enum TinyGraph {
  static func model(
    size: Int, scale: Float = 1, leavingOut: String? = nil, perceives: Bool = false
  ) throws -> Data {
    let graph = Graph(name: "tiny")
    let pictures = try graph.input("pictures", shape: [-1, size, size, 3], type: .uint8)
    let colours = try pictures.toFloat() * pictures.constant([scale / 255], shape: [1])
    let map = try colours.sliced(axis: 3, 0..<1).reshaped([-1, size, size])
    var outputs = [
      ("anomaly_map", map),
      ("score", try map.maximum(axes: [1, 2]).reshaped([-1])),
      ("feature", try colours.mean(axes: [1, 2]).reshaped([-1, 3])),
    ]
    if perceives {
      let blue = try colours.sliced(axis: 3, 2..<3).reshaped([-1, size, size])
      let half = size / 2
      let means = try map.reshaped([-1, 2, half, 2, half]).mean(axes: [2, 4])
      outputs += [
        ("suspicion", try blue.maximum(axes: [1, 2]).reshaped([-1])),
        ("probability", try means.reshaped([-1, 2, 2])),
        ("uncertainty_map", try blue.affine(scale: 0.5, offset: 0)),
      ]
    }
    for (name, node) in outputs where name != leavingOut {
      try graph.output(node, name: name)
    }
    return try graph.model()
  }
}
