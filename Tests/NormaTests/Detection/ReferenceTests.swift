import Foundation
import Norma
import NormaCore
import NormaFiles
import Testing

/// A model that gives something else on this machine than where it was made is found out.
@Suite struct ReferenceTests {
  private let folder: TemporaryFolder
  private var cache: String { folder.path + "/cache" }

  init() throws { folder = try TemporaryFolder() }

  private func detector(
    _ reference: ModelReference?, cached: Bool = false, precision: ModelPrecision = .f32
  ) throws -> Detector {
    try Detector(
      graph: TinyGraph.model(size: TinyModel.size), name: "tiny.onnx", imageSize: TinyModel.size,
      precision: precision.arithmetic,
      options: Detector.Options(hint: .latency, cacheFolder: cached ? cache : nil),
      reference: reference)
  }

  private func own() throws -> ModelReference { try detector(nil).reference() }

  private func kept() -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: cache)) ?? []
    return names.count { !$0.hasSuffix(".lock") }
  }

  @Test func whatAgreesIsUsedAndKept() throws {
    let own = try own()
    #expect(own.isFinite && own.peak > 0.5 && own.score == own.peak)
    let detector = try detector(own, cached: true)
    #expect(detector.caution == nil && detector.precision == .f32)
    #expect(kept() == 1)
  }

  @Test(arguments: [ModelPrecision.f32, .bf16])
  func whatIsWrongInFloat32TooIsRefused(precision: ModelPrecision) throws {
    var wrong = try own()
    wrong.score *= 1.2
    for _ in 0..<2 {
      let error = try #require(throws: DetectionError.self) {
        try detector(wrong, cached: true, precision: precision)
      }
      #expect(error.description.contains("tiny.onnx computes something else on this machine"))
      #expect(error.description.contains("norma doctor --model"))
      // Kept, it would be found the next time and not be looked at.
      #expect(kept() == 0)
    }
  }

  @Test func integersThatDifferAreSaidAtEveryStart() throws {
    var wrong = try own()
    wrong.isQuantized = true
    wrong.map = wrong.map.map { $0 * 2 }
    for _ in 0..<2 {
      let detector = try detector(wrong, cached: true, precision: .int8)
      #expect(detector.caution?.contains("8-bit integers") == true)
      #expect(kept() == 0)
    }
  }

  @Test func whatWasKeptIsNotLookedAtAgain() throws {
    let own = try own()
    _ = try detector(own, cached: true)
    var other = own
    other.score *= 2
    #expect(try detector(other, cached: true).caution == nil)
  }

  @Test func aReferenceOfAnotherPictureSaysNothing() throws {
    var other = try own()
    other.picture = "of a later version"
    other.score *= 2
    #expect(try detector(other).caution == nil)
  }

  @Test func modelsOpenWithTheirs() throws {
    let model = try TinyModel.write(to: folder.path + "/a.norma")
    #expect(try model.reference() == nil)
    let own = try own()
    let kept = try model.update(files: [ModelFile.reference: own.json()])
    #expect(try kept.reference() == own)
    let options = Detector.Options(hint: .latency, cacheFolder: nil)
    #expect(try Detector(model: kept, options: options).caution == nil)

    var wrong = own
    wrong.feature[0] += 1
    let other = try kept.update(files: [ModelFile.reference: wrong.json()])
    #expect(throws: DetectionError.self) { try Detector(model: other, options: options) }
    // What asks for a precision by name wants to see what comes out.
    let asked = Detector.Options(hint: .latency, cacheFolder: nil, precision: .f32)
    #expect(try Detector(model: other, options: asked).reference() == own)

    let damaged = try other.update(files: [ModelFile.reference: Data("{}".utf8)])
    let error = try #require(throws: FileProblem.self) {
      try Detector(model: damaged, options: options)
    }
    #expect(error.path.hasSuffix("reference.json"))
  }
}
