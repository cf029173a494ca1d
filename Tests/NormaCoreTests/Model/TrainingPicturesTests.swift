import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite struct TrainingPicturesTests {
  typealias Base = ModelFolderTests

  private static func content(_ name: String) -> TrainingPictures.Content {
    TrainingPictures.Content(
      file: TrainingPictures.digest(sha256: Digest.sha256(Data(name.utf8))),
      pixels: TrainingPictures.digest(rgb: Array(name.utf8)))
  }

  private static func model(_ path: String, _ json: Data?) throws -> ModelFolder {
    var files = Base.files
    files[ModelFile.trainingPictures] = json
    return try ModelFolder.write(
      to: path, manifest: Base.manifest, files: files, replacing: false)
  }

  @Test func picturesAreKnownByFileOrByPixels() throws {
    let known = TrainingPictures(["b", "a", "b"].map(Self.content), imageSize: 224)
    #expect(known.files.count == 2 && known.files == known.files.sorted())
    #expect(known.pixels.allSatisfy { $0.count == 16 })
    let (a, c) = (Self.content("a"), Self.content("c"))
    let copied = TrainingPictures.Content(file: a.file, pixels: c.pixels)
    let stored = TrainingPictures.Content(file: c.file, pixels: a.pixels)
    let unreadable = TrainingPictures.Content()
    #expect(known.places(in: [c, copied, unreadable, stored, a]) == [1, 3, 4])
    // What is missing on either side is no match.
    #expect(TrainingPictures([unreadable], imageSize: 224).places(in: [unreadable]) == [])
  }

  @Test func theyAreKeptInTheModel() throws {
    let tree = try TemporaryFolder()
    let known = TrainingPictures(["a", "b"].map(Self.content), imageSize: 224)
    #expect(
      try known.json() == TrainingPictures(["b", "a"].map(Self.content), imageSize: 224).json())
    let model = try Self.model(tree["m"], known.json())
    #expect(try TrainingPictures.read(from: model) == known)
    let changed = try model.update(files: [ModelFile.report: Data("new".utf8)])
    #expect(try TrainingPictures.read(from: changed) == known)
    #expect(try TrainingPictures.read(from: Self.model(tree["old"], nil)) == nil)
  }

  @Test func laterOnesAndDamagedOnesAreNamed() throws {
    let tree = try TemporaryFolder()
    var later = TrainingPictures([Self.content("a")], imageSize: 224)
    later.formatVersion = 2
    let path = ModelFile.trainingPictures
    let late = Base.problem {
      _ = try TrainingPictures.read(from: Self.model(tree["late"], later.json()))
    }
    #expect(late.contains(path) && late.contains("format 2; this one reads up to 1"), "\(late)")
    let bad = Base.problem {
      _ = try TrainingPictures.read(from: Self.model(tree["bad"], Data("{}".utf8)))
    }
    #expect(bad.contains(path) && bad.contains("not a list of digests"), "\(bad)")
  }
}
