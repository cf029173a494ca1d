import Foundation
import Testing

extension CommandLineTests {
  /// What public data sets there are, and whether one is whole.
  @Suite struct DatasetsTests {
    @Test func theListSaysWhereAndUnderWhichLicence() async throws {
      let listed = try await Workshop().norma("datasets")
      #expect(listed.status == 0, "\(listed)")
      for text in [
        "mvtec-ad: MVTec AD", "3629 to train on, 467 normal and 1258 defective to test with",
        "https://github.com/stepanje/MPDD", "CC BY 4.0", "counts unknown",
      ] {
        #expect(listed.output.contains(text), "\(text) in \(listed)")
      }
      let json = try await Workshop().norma("datasets", "--json")
      #expect(json.lines.count == 1 && json.output.contains("\"key\":\"visa\""), "\(json)")
    }

    @Test func aFolderIsHeldAgainstWhatWasPublished() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts(in: "set")
      let unknown = try await workshop.norma("datasets", "set")
      #expect(unknown.status == 3 && unknown.errors.contains("--as says which"), "\(unknown)")
      let wrong = try await workshop.norma("datasets", "set", "--as", "mvtec-ad")
      #expect(wrong.status == 1, "\(wrong)")
      #expect(wrong.output.contains("missing: the category bottle"), "\(wrong)")
      #expect(wrong.output.contains("not of MVTec AD: the category dotted"), "\(wrong)")
      #expect(wrong.output.contains("3605 pictures missing of 3629 to train on"), "\(wrong)")
      let misspelt = try await workshop.norma("datasets", "set", "--as", "mvtecad")
      #expect(misspelt.status == 64 && misspelt.errors.contains("did you mean"), "\(misspelt)")

      for number in 0..<54 {
        let picture = Products.dotted.picture(number)
        try workshop.write(png: picture, to: "metal/metal_plate/train/good/\(number).png")
      }
      let some = try await workshop.norma("datasets", "metal", "--json")
      #expect(some.status == 1 && some.output.contains("\"dataset\":\"mpdd\""), "\(some)")
      #expect(some.output.contains("26 pictures missing of 26 normal to test with"), "\(some)")
    }
  }
}
