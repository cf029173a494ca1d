import Foundation
import Norma
import NormaCore
import Testing

@Suite struct InspectorTests {
  let folder: TemporaryFolder
  let model: ModelFolder
  let engine = Detector.Options(hint: .latency, cacheFolder: nil)

  init() throws {
    folder = try TemporaryFolder()
    model = try TinyModel.write(to: folder.path + "/tiny.norma")
  }

  private func inspect(
    _ paths: [String], _ options: Inspector.Options = Inspector.Options()
  ) throws -> [Inspector.Outcome] {
    let inspector = try Inspector(model: model, options: options, engine: engine)
    var outcomes: [Inspector.Outcome] = []
    try inspector.inspect(
      PictureList(paths, excluding: [options.heatMaps].compactMap { $0 }).entries
    ) {
      index, outcome in
      #expect(index == outcomes.count)
      outcomes.append(outcome)
    }
    return outcomes
  }

  private func verdicts(
    _ paths: [String], _ options: Inspector.Options = Inspector.Options()
  ) throws -> [Verdict] {
    try inspect(paths, options).compactMap {
      if case .verdict(let verdict) = $0 { verdict } else { nil }
    }
  }

  @Test func verdictsAndRegionsInThePicturesPixels() throws {
    let dim = try folder.write(TinyModel.picture(red: 40), to: "dim.png")
    let bright = try folder.write(TinyModel.picture(red: 255), to: "bright.png")
    let found = try verdicts([bright, dim])
    #expect(found.map(\.path) == [bright, dim])
    #expect(found.map(\.anomalous) == [true, false])
    #expect(abs(found[0].score - 1) < 1e-3 && abs(found[1].score - 40.0 / 255) < 1e-2)
    #expect(found[0].pValue == 1.0 / 41)
    #expect(found[1].regions.isEmpty)
    let region = try #require(found[0].regions.first)
    #expect(found[0].regions.count == 1)
    // 16×16 pixels from (16, 16), give or take a pixel of the map, which is two of the picture.
    #expect(abs(region.x - 16) <= 2 && abs(region.y - 16) <= 2)
    #expect(abs(region.width - 16) <= 4 && abs(region.height - 16) <= 4)
    #expect(abs(region.peak - 1) < 1e-3)
  }

  @Test func categoryDecides() throws {
    // 0.25 is above the plates' scores and among the rings'.
    let plate = try folder.write(TinyModel.picture(red: 64, blue: 25), to: "plate.png")
    let ring = try folder.write(TinyModel.picture(red: 64, blue: 235), to: "ring.png")
    let named = try verdicts([plate], Inspector.Options(category: .named("plates")))
    #expect(named[0].category == "plates" && named[0].anomalous == true)
    let other = try verdicts([plate], Inspector.Options(category: .named("rings")))
    #expect(other[0].category == "rings" && other[0].anomalous == false)
    let recognized = try verdicts([plate, ring], Inspector.Options(category: .automatic))
    #expect(recognized.map(\.category) == ["plates", "rings"])
    #expect(recognized.map(\.anomalous) == [true, false])
    #expect(try verdicts([plate, ring]) == recognized, "nobody has to ask for it")
    let shared = try verdicts([plate], Inspector.Options(category: .shared))
    #expect(shared[0].category == nil)
  }

  @Test func unknownCategoryIsNamed() throws {
    let error = try #require(throws: CalibrationError.self) {
      try inspect([], Inspector.Options(category: .named("bolts")))
    }
    #expect(error.description.contains("'bolts'") && error.description.contains("plates, rings"))
  }

  @Test func falseAlarmRateMovesTheThreshold() throws {
    let picture = try folder.write(TinyModel.picture(red: 60), to: "a.png")
    let strict = try verdicts(
      [picture], Inspector.Options(category: .shared, falseAlarmRate: 0.9))
    let mild = try verdicts([picture], Inspector.Options(category: .shared))
    let (low, high) = (try #require(strict[0].threshold), try #require(mild[0].threshold))
    #expect(low < high)
    #expect(strict[0].anomalous == true && mild[0].anomalous == false)
  }

  @Test func heatMapsHaveNamesOfTheirOwn() throws {
    let names = ["a/1.png", "a/1.bmp", "b/1.png", "b/1.PNG", "c/b/1.png"]
    for name in names { try folder.write(TinyModel.picture(red: 255), to: "in/" + name) }
    let single = try folder.write(TinyModel.picture(red: 30), to: "elsewhere/1.png")
    let output = folder.path + "/in/maps"
    var options = Inspector.Options(heatMaps: output)
    let found = try verdicts([folder.path + "/in", single], options)
    let maps = try found.map { try #require($0.heatMap) }
    #expect(maps.count == 6 && Set(maps.map { $0.lowercased() }).count == 6)
    #expect(maps.allSatisfy { FileManager.default.fileExists(atPath: $0) })
    // One finds a picture's map without being told.
    #expect(maps[1].hasPrefix(output + "/a/1.png-") && maps[1].hasSuffix(".heatmap.png"))
    // The folder of heat maps lies inside and is not inspected the next time.
    let again = try verdicts([folder.path + "/in"], options)
    #expect(again.map(\.heatMap) == found.dropLast().map(\.heatMap))
    let drawn = try PictureReader().read(maps[1])
    #expect(drawn.width == 48 && drawn.height == 48)
    #expect(drawn.rgb.count { $0 == 229 } > 0)
    options.heatMapSize = 20
    let small = try #require(try verdicts([single], options).first?.heatMap)
    #expect(small == maps[5], "alone or in company")
    #expect(try PictureReader().read(small).width == 20)
  }

  @Test func aMapThatCannotBeWrittenIsItsPicturesAlone() throws {
    let first = try folder.write(TinyModel.picture(red: 255), to: "in/1.png")
    let second = try folder.write(TinyModel.picture(red: 30), to: "in/2.png")
    let options = Inspector.Options(heatMaps: folder.path + "/maps")
    let before = try verdicts([first, second], options)
    let taken = try #require(before[0].heatMap)
    try FileManager.default.removeItem(atPath: taken)
    try FileManager.default.createDirectory(
      atPath: taken, withIntermediateDirectories: false)
    let after = try verdicts([first, second], options)
    #expect(after.count == 2 && after[1] == before[1])
    #expect(after[0].heatMap == nil && after[0].score == before[0].score)
    #expect(after[0].anomalous == true && after[0].regions == before[0].regions)
    let reason = try #require(after[0].heatMapError)
    #expect(reason.contains(taken) && reason.contains("it is a folder"), "\(reason)")
  }

  @Test func aNumberThatIsNoneIsAnOutcome() throws {
    let bad = try TinyModel.write(to: folder.path + "/bad.norma", scale: .nan)
    let inspector = try Inspector(model: bad, engine: engine)
    let picture = try folder.write(TinyModel.picture(red: 255), to: "a.png")
    var outcomes: [Inspector.Outcome] = []
    try inspector.inspect(PictureList([picture]).entries) { outcomes.append($1) }
    guard case .unreadable(let problem) = outcomes.first else {
      Issue.record("\(outcomes)")
      return
    }
    #expect(problem.path == picture && problem.reason.contains("not finite numbers"))
    #expect(!problem.reason.contains(picture), "the path stands before it already")
  }

  @Test func unreadablePicturesAreOutcomes() throws {
    let good = try folder.write(TinyModel.picture(red: 30), to: "good.png")
    let text = try folder.write("text".utf8, to: "text.png")
    let outcomes = try inspect([text, good, folder.path + "/absent.png"])
    guard outcomes.count == 3, case .unreadable(let first) = outcomes[0],
      case .verdict = outcomes[1], case .unreadable(let last) = outcomes[2]
    else {
      Issue.record("\(outcomes)")
      return
    }
    #expect(first.path == text && first.reason.contains("not a picture"))
    #expect(last.reason.contains("there is no such file"))
  }

  @Test func uncalibratedGivesScoresOnly() throws {
    let path = folder.path + "/raw.norma"
    let raw = try TinyModel.write(to: path, calibration: .uncalibrated())
    let inspector = try Inspector(model: raw, engine: engine)
    let picture = try folder.write(TinyModel.picture(red: 255), to: "a.png")
    try inspector.inspect(PictureList([picture]).entries) { _, outcome in
      guard case .verdict(let verdict) = outcome else {
        Issue.record("\(outcome)")
        return
      }
      #expect(verdict.anomalous == nil && verdict.threshold == nil && verdict.pValue == nil)
      #expect(abs(verdict.score - 1) < 1e-3)
    }
  }
}

@Suite struct PictureListTests {
  @Test func foldersAreSearchedAndFilesAreTakenAsNamed() throws {
    let folder = try TemporaryFolder()
    let bmp = handmadeBMP(width: 8, height: 8)
    for name in ["b/2.bmp", "b/1.bmp", "a.bmp", "c/d/noname", ".hidden.bmp", ".git/x.bmp"] {
      try folder.write(bmp, to: name)
    }
    try folder.write("notes".utf8, to: "b/notes.txt")
    try folder.write("notes".utf8, to: "b/broken.png")
    let list = PictureList([folder.path + "/"])
    #expect(
      list.entries.map(\.relative)
        == ["a.bmp", "b/1.bmp", "b/2.bmp", "b/broken.png", "c/d/noname"])
    #expect(list.entries[0].path == folder.path + "/a.bmp")
    #expect(list.unreadable.isEmpty)

    let named = PictureList([folder.path + "/b/notes.txt", folder.path + "/b"])
    #expect(named.entries.map(\.relative) == ["notes.txt", "1.bmp", "2.bmp", "broken.png"])
  }

  @Test func nothingComesTwiceAndCirclesEnd() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(handmadeBMP(width: 8, height: 8), to: "a/1.bmp")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path + "/a/again", withDestinationPath: folder.path)
    let list = PictureList([file, folder.path, folder.path + "/a/../a"])
    #expect(list.entries.map(\.path) == [file])
  }

  /// Who names a link wants an answer for it, whatever else is named.
  @Test func aLinkAndWhatItLeadsToAreTwo() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(handmadeBMP(width: 8, height: 8), to: "1.bmp")
    let link = folder.path + "/2.bmp"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file)
    #expect(PictureList([file, link]).entries.map(\.path) == [file, link])
    #expect(PictureList([link, file]).entries.map(\.path) == [link, file])
  }

  /// é as one letter, and as e with an accent.
  @Test func namesThatOnlyLookAlikeAreTwoFiles() throws {
    let folder = try TemporaryFolder()
    for name in ["caf\u{E9}.bmp", "cafe\u{301}.bmp"] {
      try writeBytes(handmadeBMP(width: 8, height: 8), to: folder.path + "/" + name)
    }
    let listed = PictureList([folder.path]).entries
    // Some disks take the two names for one.
    guard listed.count == 2 else { return }
    #expect(Set(listed.map { Array($0.path.utf8) }).count == 2)
    let named = PictureList(listed.map(\.path).reversed()).entries
    #expect(named.map { Array($0.path.utf8) } == listed.reversed().map { Array($0.path.utf8) })
  }

  @Test func whatLooksLikeAPictureIsListed() throws {
    let folder = try TemporaryFolder()
    for name in ["a.jp2", "b.heic", "c.ppm", "d.gif", "e.avif"] {
      try folder.write("text".utf8, to: name)
    }
    try folder.write([0xFF, 0x4F, 0xFF, 0x51], to: "f")
    try folder.write("text".utf8, to: "notes.txt")
    #expect(
      PictureList([folder.path]).entries.map(\.relative)
        == ["a.jp2", "b.heic", "c.ppm", "d.gif", "e.avif", "f"])
  }

  @Test func aFolderCanBeLeftOut() throws {
    let folder = try TemporaryFolder()
    try folder.write(handmadeBMP(width: 8, height: 8), to: "in/1.bmp")
    try folder.write(handmadeBMP(width: 8, height: 8), to: "out/2.bmp")
    let list = PictureList([folder.path], excluding: [folder.path + "/out/"])
    #expect(list.entries.map(\.relative) == ["in/1.bmp"])
  }
}
