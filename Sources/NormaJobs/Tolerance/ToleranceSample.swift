import Foundation
import Norma
import NormaCore
import NormaFiles

/// A test picture as each step shows it to the first model, with a line around what people marked.
struct ToleranceSample {
  /// As people find it: category, kind and file.
  let name: String
  let hasMask: Bool
  private let picture: Picture
  private let mask: Mask?
  private let path: String
  private let seed: UInt64

  /// The first defective picture that is marked, or the first at all, which can be read; nil for none.
  init?(_ dataset: Dataset, for model: ToleranceModel, seed: UInt64) {
    let marked = dataset.test.filter { $0.mask != nil }
    let size = model.detector.imageSize
    for sample in marked + dataset.test {
      guard let picture = try? model.reader.read(sample.path, size: size) else { continue }
      name = FilePath.relative(sample.path, to: dataset.root)
      path = sample.path
      mask = try? model.reader.readMask(of: sample, width: size, height: size)
      hasMask = mask != nil
      self.picture = picture
      self.seed = seed
      return
    }
    return nil
  }

  /// A JPEG of the picture at each step, the steps in their order; none for noise on the features.
  func drawings(
    of disturbance: ToleranceResult.Disturbance
  ) throws -> [(label: String, jpeg: Data)] {
    guard let axis = ToleranceAxis.all.first(where: { $0.name == disturbance.name }),
      let make = axis.disturbance
    else { return [] }
    return try disturbance.inOrder.map { place, step in
      let change = place == 0 ? nil : step.value.map { make($0, seed) }
      var drawn = try change.map { try picture.disturbed(by: $0, path: path) } ?? picture
      if let mask {
        drawn = drawn.outlined(try change.map(mask.disturbed) ?? mask, colour: .truth)
      }
      return (step.label, try PictureWriter.jpeg(drawn, quality: 92))
    }
  }
}
