import Foundation
import Norma
import NormaCore
import NormaFiles
import NormaTraining
import OpenVINO

/// How far the engines are from each other on the same pictures: the trained network in LibTorch, in
/// 32-bit precision, against the model's graph in OpenVINO.
public struct EngineAgreement: Encodable {
  public struct Row: Encodable {
    public var engine: String
    /// Largest |difference| of a score, as a share of the largest score.
    public var score: Double
    /// Largest |difference| of a map's pixel, as a share of the largest pixel.
    public var map: Double
  }

  public var model: String
  public var pictures: Int
  public var rows: [Row]

  /// - Parameters:
  ///   - place: a picture or a folder of them; what cannot be read is an error.
  ///   - limit: at most this many of them.
  ///   - dump: a file for LibTorch's results and the pictures that they are of, so that other runtimes
  ///     can be measured against the same; safetensors with `pictures`, `maps`, `scores`.
  ///   - replaces: whether a dump that is there may be replaced.
  public init(
    model path: String, pictures place: String, limit: Int, dump: String?, replaces: Bool = false
  ) throws {
    if let dump { try OutputFile(dump, .dump).check(replaces: replaces) }
    let paths = PictureList([place]).entries.map(\.path).prefix(limit)
    guard !paths.isEmpty else {
      throw FileProblem(path: place, reason: "there are no pictures in here")
    }
    let model = try ModelFolder.open(path)
    let network = try ModelNetwork(model)
    let size = network.prepared.trunk.imageSize
    let pictures = try paths.map { try PictureReader().read($0, size: size) }
    var (maps, scores): ([Float], [Float]) = ([], [])
    for picture in pictures {
      let found = try network.stored.detect(
        picture.rgb, batch: 1, trunk: network.prepared.trunk, method: network.prepared.method,
        backbone: network.prepared.parameters)
      maps += found.maps
      scores += found.scores
    }
    self.model = path
    self.pictures = pictures.count
    rows = try [Precision.f32, .bf16].map { precision in
      let session = try Detector(model: model, options: .init(precision: precision)).session()
      let found = try zip(pictures, paths).map { try session.detect($0, name: $1) }
      return Row(
        engine: "OpenVINO \(precision.rawValue)",
        score: Self.deviation(found.map(\.score), scores),
        map: Self.deviation(found.flatMap(\.map.values), maps))
    }
    if let dump {
      let tensors = [
        "pictures": WeightTensor(
          shape: [pictures.count, size, size, 3],
          values: pictures.flatMap { $0.rgb.map(Float.init) }),
        "maps": WeightTensor(shape: [pictures.count, size, size], values: maps),
        "scores": WeightTensor(shape: [pictures.count], values: scores),
      ]
      try AtomicFile.write(SafeTensors.write(tensors), to: dump)
    }
  }

  private static func deviation(_ found: [Float], _ reference: [Float]) -> Double {
    let largest = reference.reduce(0) { max($0, abs($1)) }
    let difference = zip(found, reference).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
    return Double(difference / largest)
  }

  public var text: String {
    var table = TextTable(columns: ["against LibTorch float32", "score", "map"], right: [1, 2])
    for row in rows {
      table.add([row.engine, String(format: "%.1e", row.score), String(format: "%.1e", row.map)])
    }
    return "\(model), \(counted(pictures, "picture"))\n\n" + table.text
  }
}
