import Foundation
import NormaCore
import NormaFiles
import Testing

@Suite struct ModelReferenceTests {
  private func reference(
    score: Float = 2, map: (Int) -> Float = { Float($0 % 24) }, feature: [Float] = [4, -8]
  ) -> ModelReference {
    ModelReference(
      of: ModelReference.picture(side: 24), imageSize: 24, score: score, map: (0..<576).map(map),
      feature: feature)
  }

  /// By another implementation of the same: models would lose their reference if the picture changed.
  @Test(arguments: [
    (24, "b9e24e79488864cc50d1ac59248da3b91de8974270e498801802e508bf7d4d31"),
    (64, "3c47debb65b32de20349169e627c95d022feeb7ccbb24016a45e723c22e1503c"),
    (224, "d3d42ab9d9c8083874040769f0d78026d2d2a87c4e68ca0e9a90bd45a65c5658"),
  ])
  func thePictureIsAlwaysTheSame(side: Int, digest: String) {
    let picture = ModelReference.picture(side: side)
    #expect(picture.count == side * side * 3)
    #expect(Digest.sha256(Data(picture)) == digest)
  }

  @Test func theMapIsKeptCoarse() {
    let reference = reference()
    #expect(reference.map.count == 64 && reference.peak == 23)
    // Columns 0, 1, 2; 3, 4, 5; …
    #expect(Array(reference.map.prefix(8)) == [1, 4, 7, 10, 13, 16, 19, 22])
    #expect(reference.isOf(ModelReference.picture(side: 24)))
    #expect(!reference.isOf(ModelReference.picture(side: 25)))
  }

  @Test func deviationsAreSharesOfTheLargestValue() {
    let own = reference()
    #expect(own.deviation(of: own) == ModelReference.Deviation(score: 0, map: 0, feature: 0))
    let other = reference(score: 2.5, map: { $0 == 23 ? 46 : Float($0 % 24) }, feature: [4, -6])
    let deviation = own.deviation(of: other)
    #expect(deviation.score == 0.25 && deviation.map == 1 && deviation.feature == 0.25)
    #expect(!deviation.isWithin(own.tolerance(bf16: true)))
    let near = own.deviation(of: reference(score: 2.04))
    #expect(near.isWithin(own.tolerance(bf16: true)))
    #expect(!near.isWithin(own.tolerance(bf16: false)))
  }

  @Test func whatIsNotANumberIsNotWithinAnything() {
    let own = reference()
    for other in [
      reference(score: .nan), reference(feature: [4, .nan]), reference(feature: [4]),
      reference(map: { $0 == 100 ? .nan : 1 }), reference(score: .infinity),
    ] {
      #expect(!own.deviation(of: other).isWithin(own.tolerance(bf16: true)))
    }
    #expect(!reference(score: .nan).isFinite && own.isFinite)
  }

  @Test func itIsReadAsItWasWritten() throws {
    let own = reference()
    let read = try JSONDecoder().decode(ModelReference.self, from: own.json())
    #expect(read == own)
    #expect(try read.json() == own.json())
  }
}
