import Norma
import NormaCore
import NormaFiles
import NormaTraining

/// Pictures themselves in place of features: what a decoder is to give. RGB from 0 to 1, one map of
/// three channels a picture.
struct SmallPictures: FeatureExtractor {
  let shapes: [FeatureShape]
  private let reader: PictureReader
  private let side: Int

  /// - Parameter side: of the square that pictures are resized to, in pixels.
  init(side: Int, reader: PictureReader) {
    shapes = [Self.shape(side: side)]
    (self.side, self.reader) = (side, reader)
  }

  static func shape(side: Int) -> FeatureShape {
    FeatureShape(channels: 3, grid: .init(height: side, width: side))
  }

  func extract(
    _ pictures: [FeatureRequest],
    consume: (Int, Result<UnsafeBufferPointer<Float>, any Error>) throws -> Void
  ) throws {
    let (reader, side) = (reader, side)
    try OrderedPipeline.run(count: pictures.count, workers: 3) {
      { item in
        do {
          return Result<[Float], FileProblem>.success(
            Self.planes(try reader.read(pictures[item].path, size: side)))
        } catch let problem as FileProblem {
          return .failure(problem)
        }
      }
    } deliver: { (item: Int, result: Result<[Float], FileProblem>) in
      switch result {
      case .success(let values):
        try values.withUnsafeBufferPointer { try consume(item, .success($0)) }
      case .failure(let problem): try consume(item, .failure(problem))
      }
    }
  }

  /// Channel after channel.
  private static func planes(_ picture: Picture) -> [Float] {
    (0..<3).flatMap { channel in
      stride(from: channel, to: picture.rgb.count, by: 3).map { Float(picture.rgb[$0]) / 255 }
    }
  }
}
