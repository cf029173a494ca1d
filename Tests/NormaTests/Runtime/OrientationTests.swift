import Foundation
import NormaCore
import Testing

/// Whether pictures are turned by their EXIF orientation is the model's business.
@Suite struct OrientationTests {
  let folder: TemporaryFolder
  let picture: String

  /// A picture with its defect at the top left, which its EXIF orientation (6) turns to the top right.
  init() throws {
    folder = try TemporaryFolder()
    let side = 2 * TinyModel.size
    let pixels = (0..<(side * side)).flatMap { place -> [UInt8] in
      [place % side < 16 && place / side < 16 ? 255 : 20, 0, 30]
    }
    var tiff = handmadeTIFF(
      width: side, height: side, photometric: 2, samples: 3, bits: 8, pixels: pixels)
    // Planar configuration (284, contiguous by default) gives its place to orientation (274).
    let planar = try #require(
      (0..<tiff.count - 1).first { tiff[$0] == 0x1C && tiff[$0 + 1] == 0x01 })
    tiff.replaceSubrange(planar..<(planar + 2), with: [0x12, 0x01])
    tiff[planar + 8] = 6
    picture = try folder.write(tiff, to: "turned.tif")
    for turned in [false, true] {
      try TinyModel.write(to: model(turned), exifOrientation: turned)
    }
  }

  private func model(_ turned: Bool) -> String {
    folder.path + (turned ? "/turned.norma" : "/plain.norma")
  }

  private func inspect(_ model: String, _ more: String...) throws -> (left: Bool, errors: String) {
    let result = try RuntimeProcess.run(
      ["inspect", model, picture, "--json"] + more, home: folder.path + "/home")
    #expect(result.status == 1, "\(result)")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
    let regions = try #require(object["regions"] as? [[String: Any]])
    let x = try #require(regions.first?["x"] as? Int)
    return (x < TinyModel.size, result.errors)
  }

  @Test func picturesAreReadAsTheModelWasTrained() throws {
    let plain = try inspect(model(false))
    #expect(plain.left && plain.errors.isEmpty)
    let turned = try inspect(model(true))
    #expect(!turned.left && turned.errors.isEmpty)
  }

  @Test func theCommandLineMayContradictButIsWarned() throws {
    let turned = try inspect(model(false), "--exif-orientation")
    #expect(
      !turned.left && turned.errors.contains("warning: the model was trained on pictures not"))
    let plain = try inspect(model(true), "--no-exif-orientation")
    #expect(
      plain.left && plain.errors.contains("warning: the model was trained on pictures turned"))
    #expect(try inspect(model(true), "--exif-orientation").errors.isEmpty)
  }

  @Test func evaluationReadsAsTheModelWasTrained() throws {
    let tiff = try Data(contentsOf: URL(fileURLWithPath: picture))
    try folder.write(tiff, to: "data/plates/test/dent/0.tif")
    try folder.write(TinyModel.picture(red: 30), to: "data/plates/test/good/0.png")
    // Where the defect lies after turning.
    try folder.write(
      TinyModel.mask(x: 32, y: 0), to: "data/plates/ground_truth/dent/0_mask.png")
    for turned in [false, true] {
      let result = try RuntimeProcess.run(
        ["evaluate", model(turned), folder.path + "/data", "--json", "--no-report"],
        home: folder.path + "/home")
      #expect(result.status == 0, "\(result)")
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
      let mean = try #require(object["mean"] as? [String: Any])
      let auroc = try #require(mean["pixelAUROC"] as? Double)
      #expect(turned ? auroc > 0.99 : auroc < 0.8)
    }
  }
}
