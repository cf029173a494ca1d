import Foundation
import Norma
import NormaCore
import TestSupport
import Testing

/// `norma-runtime inspect` from outside: exit status, output, and what is in the process.
@Suite struct InspectCommandTests {
  let folder: TemporaryFolder
  let model: String
  let normal: String
  let anomalous: String

  init() throws {
    folder = try TemporaryFolder()
    model = folder.path + "/tiny.norma"
    try TinyModel.write(to: model)
    normal = try folder.write(TinyModel.picture(red: 30), to: "in/normal.png")
    anomalous = try folder.write(TinyModel.picture(red: 255), to: "in/sub/anomalous.png")
  }

  private func run(_ arguments: String...) throws -> RuntimeProcess.Result {
    try RuntimeProcess.run(["inspect"] + arguments, home: folder.path + "/home")
  }

  private func object(_ line: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }

  @Test func exitStatusSaysWhatWasFound() throws {
    #expect(try run(model, normal).status == 0)
    #expect(try run(model, folder.path + "/in").status == 1)
    let broken = try folder.write("text".utf8, to: "broken.png")
    let both = try run(model, anomalous, broken)
    #expect(both.status == 2 && both.output.contains("unreadable"))
    let absent = try run(model, folder.path + "/absent")
    #expect(absent.status == 2, "\(absent)")
    let missing = try run(folder.path + "/absent.norma", normal)
    #expect(missing.status == 3 && missing.errors.contains("there is no such model"))
    #expect(try run(model).status == 64)
    #expect(try run(model, normal, "--false-alarm-rate", "2").status == 64)
    let unknown = try run(model, normal, "--category", "bolts")
    #expect(unknown.status == 3 && unknown.errors.contains("unknown category 'bolts'"))
  }

  @Test func mapsDoNotLieAmongWhatIsInspected() throws {
    let inspected = folder.path + "/in"
    for option in ["--heatmaps", "--uncertainty-maps"] {
      let among = try run(model, inspected, option, inspected + "/")
      #expect(among.status == 3 && among.errors.contains("name another folder"), "\(among)")
    }
    let inside = try run(model, inspected, "--heatmaps", inspected + "/maps")
    #expect(inside.status == 1, "\(inside)")
    let again = try run(model, inspected, "--heatmaps", inspected + "/maps")
    #expect(again.lines.count == inside.lines.count, "\(again)")
  }

  @Test func picturesInDoubtAreForAPerson() throws {
    let unsure = folder.path + "/unsure.norma"
    try TinyModel.write(to: unsure, perceives: true)
    // Red decides, blue is what is perceived: 0.12, as in normal pictures, or 0.78.
    let doubtful = try folder.write(TinyModel.picture(red: 30, blue: 200), to: "in/doubtful.png")
    let certain = try folder.write(TinyModel.picture(red: 250, blue: 200), to: "in/certain.png")
    let plain = try run(unsure, normal, doubtful, "--json")
    #expect(plain.status == 0, "without a share nobody looks: \(plain)")
    let values = try plain.lines.map { try object($0) }
    #expect(values.allSatisfy { $0["review"] == nil })
    #expect(values.map { ($0["uncertainty"] as? Double ?? 0) > 0.5 } == [false, true])

    // A person looks where the level is nearest to 1, whatever is perceived.
    let dialled = try run(
      unsure, normal, anomalous, doubtful, certain, "--json", "--review-share", "0.05")
    #expect(dialled.status == 1)
    let seen = try dialled.lines.map { try object($0) }
    #expect(seen.map { $0["anomalous"] as? Bool } == [false, true, false, true])
    func doubt(_ verdict: [String: Any]) throws -> Float {
      Calibration.doubt(level: try #require(verdict["level"] as? Double))
    }
    let passed = try seen.filter { $0["review"] as? Bool == false }.map(doubt)
    let limit = try #require(passed.max())
    for verdict in seen where verdict["review"] as? Bool == true {
      #expect(try doubt(verdict) > limit, "\(verdict)")
    }
    let threshold = try #require(values[0]["threshold"] as? Double)
    let near = try folder.write(
      TinyModel.picture(red: .init((threshold * 255).rounded())), to: "in/near.png")
    let text = try run(
      unsure, normal, doubtful, near, "--review-share", "0.05", "--uncertainty-maps",
      folder.path + "/maps")
    #expect(text.status == 1 && text.output.contains("NOT SURE"), "\(text)")
    #expect(text.output.contains("not sure, for a person to look at"))
    #expect(text.output.contains("of normal pictures, from 40 normal pictures"))
    let drawn = try run(
      unsure, doubtful, normal, "--json", "--uncertainty-maps", folder.path + "/maps")
    let files = try drawn.lines.map { try #require(try object($0)["uncertaintyMap"] as? String) }
    let map = try PictureReader().read(files[0])
    let sure = try PictureReader().read(files[1])
    #expect(map.rgb != sure.rgb && map.width == 48)
  }

  @Test func everyCalibratedModelHasADial() throws {
    let result = try run(model, normal, "--review-share", "0.05", "--json")
    #expect(try object(result.lines[0])["review"] is Bool)
    let maps = try run(model, normal, "--uncertainty-maps", folder.path + "/maps")
    #expect(maps.status == 3 && maps.errors.contains("does not know how sure it is"))
    #expect(try object(run(model, normal, "--json").lines[0])["uncertainty"] == nil)
    #expect(try run(model, normal, "--review-share", "1").status == 64)
    let raw = folder.path + "/raw.norma"
    try TinyModel.write(to: raw, calibration: .uncalibrated(), perceives: true)
    let without = try run(raw, normal, "--review-share", "0.05")
    #expect(without.status == 3 && without.errors.contains("norma calibrate"))
  }

  /// Nothing that was asked for is passed over.
  @Test func aRateOfUnknownPicturesNeedsDistancesAndRecognition() throws {
    #expect(try run(model, normal, "--unknown-rate", "0").status == 64)
    let told = try run(model, normal, "--unknown-rate", "0.01", "--category", "plates")
    #expect(told.status == 3 && told.errors.contains("leave --category or --unknown-rate out"))
    let old = try run(model, normal, "--unknown-rate", "0.01")
    #expect(old.status == 3 && old.errors.contains("norma calibrate"), "\(old)")
  }

  @Test func helpIsNoError() throws {
    let help = try run("--help")
    #expect(help.status == 0 && help.output.contains("--heatmaps") && help.errors.isEmpty)
    #expect(try RuntimeProcess.run(["nonsense"], home: folder.path).status == 64)
  }

  @Test func emptyFolderIsAFailure() throws {
    try folder.write("".utf8, to: "empty/readme.txt")
    let result = try run(model, folder.path + "/empty")
    #expect(result.status == 3 && result.errors.contains("there are no pictures in here"))
  }

  @Test func oneLineAPictureAndASummary() throws {
    let result = try run(model, folder.path + "/in")
    #expect(result.lines.count == 4)
    #expect(
      result.lines[0].hasPrefix("normal      level ") && result.lines[0].hasSuffix("in/normal.png"))
    #expect(result.lines[1].hasPrefix("ANOMALOUS") && result.lines[1].contains("1 region: "))
    #expect(result.lines[2] == "2 pictures: 1 anomalous, 1 normal")
    #expect(result.lines[3].hasPrefix("thresholds: "))
    #expect(result.errors.isEmpty)
  }

  @Test func jsonLines() throws {
    let broken = try folder.write("text".utf8, to: "broken.png")
    let result = try run(model, anomalous, normal, broken, "--json", "--category", "auto")
    #expect(result.status == 2 && result.lines.count == 3)
    let first = try object(result.lines[0])
    #expect(
      Set(first.keys) == [
        "path", "score", "pValue", "threshold", "level", "falseAlarmRate", "category",
        "anomalous", "unknown", "regions",
      ])
    #expect(first["path"] as? String == anomalous && first["anomalous"] as? Bool == true)
    #expect(first["category"] as? String == "plates")
    let regions = try #require(first["regions"] as? [[String: Any]])
    #expect(Set(try #require(regions.first).keys).isSuperset(of: ["x", "y", "width", "height"]))
    #expect(try object(result.lines[1])["anomalous"] as? Bool == false)
    let last = try object(result.lines[2])
    #expect(last["path"] as? String == broken && last["error"] is String)
    // Keys come in the same order every time.
    let again = try run(model, anomalous, normal, broken, "--json", "--category", "auto")
    #expect(again.output == result.output)
  }

  @Test func uncalibratedIsNoVerdict() throws {
    let raw = folder.path + "/raw.norma"
    try TinyModel.write(to: raw, calibration: .uncalibrated())
    let result = try run(raw, normal)
    #expect(result.status == 3 && result.lines[0].hasPrefix("no verdict"))
    #expect(result.errors.contains("norma calibrate"))
  }

  @Test func weightsThatAreNotNumbersAreAFailure() throws {
    let bad = folder.path + "/bad.norma"
    try TinyModel.write(to: bad, scale: .nan)
    let result = try run(bad, normal)
    #expect(result.status == 2 && result.output.contains("not finite numbers"), "\(result)")
  }

  @Test func whatIsAskedForAndNotDrawnIsSaid() throws {
    let maps = folder.path + "/maps"
    let drawn = try run(model, normal, anomalous, "--json", "--heatmaps", maps)
    #expect(drawn.status == 1)
    let files = try drawn.lines.map { try #require(try object($0)["heatMap"] as? String) }
    try FileManager.default.removeItem(atPath: files[1])
    try FileManager.default.createDirectory(
      atPath: files[1], withIntermediateDirectories: false)
    let json = try run(model, normal, anomalous, "--json", "--heatmaps", maps)
    #expect(json.status == 2 && json.lines.count == 2 && json.lines[0] == drawn.lines[0])
    let found = try object(json.lines[1])
    #expect(found["anomalous"] as? Bool == true && found["heatMap"] == nil)
    #expect((found["heatMapError"] as? String)?.contains(files[1]) == true)
    let text = try run(model, normal, anomalous, "--heatmaps", maps)
    #expect(text.status == 2 && text.lines[1].hasPrefix("ANOMALOUS"))
    #expect(text.output.contains("2 pictures: 1 anomalous, 1 normal, 1 map not written"))
    #expect(text.errors.contains("no heat map of \(anomalous), whose verdict stands: "))
  }

  /// Neither what else is inspected, nor in which order, nor by which argument.
  @Test func aPicturesJSONIsItsOwn() throws {
    let twin = try folder.write(TinyModel.picture(red: 200), to: "in/sub/normal.png")
    let other = try folder.write(TinyModel.picture(red: 90, blue: 235), to: "in/sub/normal.bmp")
    let all = [normal, anomalous, twin, other]
    func lines(_ paths: [String]) throws -> [String: String] {
      let result = try RuntimeProcess.run(
        ["inspect", model] + paths + ["--json", "--heatmaps", folder.path + "/maps"],
        home: folder.path + "/home")
      #expect(result.errors.isEmpty && result.lines.count == all.count || paths.count == 1)
      return try Dictionary(
        uniqueKeysWithValues: result.lines.map {
          (try #require(try object($0)["path"] as? String), $0)
        })
    }
    let together = try lines(all)
    #expect(Set(together.keys) == Set(all))
    let maps = try together.values.map { try #require(try object($0)["heatMap"] as? String) }
    #expect(Set(maps).count == all.count)
    #expect(try lines(all.reversed()) == together)
    #expect(try lines([folder.path + "/in"]) == together)
    #expect(try lines([other, folder.path + "/in/sub", folder.path + "/in"]) == together)
    for path in all { #expect(try lines([path])[path] == together[path]) }
  }

  @Test func namesThatOnlyLookAlikeGetAVerdictAndAMapEach() throws {
    let names = ["caf\u{E9}.png", "cafe\u{301}.png"].map { folder.path + "/" + $0 }
    try writeBytes(TinyModel.picture(red: 30), to: names[0])
    try writeBytes(TinyModel.picture(red: 255), to: names[1])
    let result = try run(model, names[0], names[1], "--json", "--heatmaps", folder.path + "/maps")
    let found = try result.lines.map { try object($0) }
    // Some disks take the two names for one, which then holds what was written last.
    guard found.count == 2, found[0]["anomalous"] as? Bool == false else { return }
    #expect(found[1]["anomalous"] as? Bool == true)
    #expect(
      Set(found.compactMap { ($0["heatMap"] as? String).map { Array($0.utf8) } }).count == 2)
  }

  @Test func nothingIsPassedOver() throws {
    for name in ["1.jp2", "2.heic", "3.ppm"] { try folder.write("text".utf8, to: "in/" + name) }
    try folder.write("text".utf8, to: "in/notes.txt")
    let result = try run(model, folder.path + "/in")
    #expect(result.status == 2)
    #expect(result.output.contains("5 pictures: 1 anomalous, 1 normal, 3 unreadable"), "\(result)")
    for name in ["1.jp2", "2.heic", "3.ppm"] {
      #expect(result.lines.contains { $0.hasPrefix("unreadable  \(folder.path)/in/\(name): ") })
    }
  }

  @Test func misspeltCategoriesAreGuessed() throws {
    let result = try run(model, normal, "--category", "ring")
    #expect(result.status == 3 && result.errors.contains("did you mean 'rings'?"), "\(result)")
  }

  /// A name may hold what would break a line or steer the terminal.
  @Test func namesAreOneLineEach() throws {
    let path = folder.path + "/two\nlines\u{1B}[2J.png"
    try writeBytes(TinyModel.picture(red: 30), to: path)
    let text = try run(model, path)
    #expect(text.status == 0 && text.lines[0].hasSuffix("two\\nlines\\u{1b}[2J.png"), "\(text)")
    let json = try run(model, path, "--json")
    #expect(try object(json.lines[0])["path"] as? String == path)
    try writeBytes(Array("text".utf8), to: path)
    #expect(try run(model, path).lines[0].contains("two\\nlines\\u{1b}[2J.png: "))
  }

  @Test func aFlippedByteIsRefused() throws {
    for file in [ModelFile.graph, ModelFile.calibration, ModelFile.manifest] {
      let path = folder.path + "/flipped.norma"
      try? FileManager.default.removeItem(atPath: path)
      try FileManager.default.copyItem(atPath: model, toPath: path)
      let url = URL(fileURLWithPath: path + "/" + file)
      var data = try Data(contentsOf: url)
      data[data.count / 2] ^= 1
      try data.write(to: url)
      let result = try run(path, normal)
      #expect(result.status == 3 && result.errors.contains(file), "\(file): \(result.errors)")
    }
  }

  /// More lines than a pipe holds, so the process waits for a reader.
  private func manyPictures() throws -> String {
    let picture = TinyModel.picture(red: 30)
    for index in 0..<900 { try folder.write(picture, to: "many/\(index).png") }
    return folder.path + "/many"
  }

  @Test func libTorchIsNotInTheProcess() throws {
    let running = try RuntimeProcess(
      ["inspect", model, try manyPictures(), "--json"], home: folder.path + "/home")
    // The first line comes after a detection.
    #expect(!running.output.fileHandleForReading.bytes(upTo: 1).isEmpty)
    let file = URL(fileURLWithPath: "/proc/\(running.process.processIdentifier)/maps")
    let maps = String(
      decoding: try FileHandle(forReadingFrom: file).readToEnd() ?? Data(), as: UTF8.self)
    kill(running.process.processIdentifier, SIGKILL)
    running.process.waitUntilExit()
    #expect(maps.contains("libopenvino"), "\(maps.count) characters")
    #expect(maps.contains("libvips"))
    #expect(!maps.contains("libtorch") && !maps.contains("libc10"))
  }

  @Test func interruptionStopsWithItsOwnStatus() throws {
    let running = try RuntimeProcess(
      ["inspect", model, try manyPictures(), "--json"], home: folder.path + "/home")
    let first = running.output.fileHandleForReading.bytes(upTo: 1)
    running.process.interrupt()
    let rest = running.output.fileHandleForReading.bytes()
    running.process.waitUntilExit()
    #expect(running.process.terminationReason == .exit)
    #expect(running.process.terminationStatus == 130)
    // Whole lines, fewer than all.
    let lines = String(decoding: first + rest, as: UTF8.self).split(separator: "\n")
    #expect(lines.count < 900)
    for line in lines { _ = try object(String(line)) }
  }

  @Test func aReaderThatGoesAwayIsNoError() throws {
    let running = try RuntimeProcess(
      ["inspect", model, try manyPictures()], home: folder.path + "/home")
    _ = running.output.fileHandleForReading.bytes(upTo: 1)
    try running.output.fileHandleForReading.close()
    let errors = running.errors.fileHandleForReading.bytes()
    running.process.waitUntilExit()
    #expect(running.process.terminationReason == .exit)
    #expect(running.process.terminationStatus == 141)
    #expect(errors.isEmpty)
  }
}
