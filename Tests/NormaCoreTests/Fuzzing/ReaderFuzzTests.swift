import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

/// Files that were changed at random, which readers may refuse and must survive.
@Suite("Readers survive mutated files")
struct ReaderFuzzTests {
  @Test func recipes() throws {
    let texts = [Recipe().yaml, Recipe(method: "rlr").yaml, Recipe(method: "patchcore").yaml]
    try Fuzzing.run("recipe", texts.map { Data($0.utf8) }) {
      let recipe = try Recipe.parse(String(decoding: $0, as: UTF8.self))
      _ = recipe.yaml
    }
  }

  @Test func recipesInJSON() throws {
    let seeds = try ["ras", "rlr", "uranet", "padim"].map {
      try JSONEncoder().encode(Recipe(method: $0))
    }
    try Fuzzing.run("recipe-json", seeds) {
      let recipe = try JSONDecoder().decode(Recipe.self, from: $0)
      try recipe.validate()
    }
  }

  @Test func plans() throws {
    let text = """
      categories: [bottle, tire]
      seeds: [0, 1]
      minutes: 10
      resamples: 200
      rows:
        - name: one
          recipe: ras
          set: {ras.transformer: false}
          published: {image: 97.5, pixel: 97.3, source: "RAS, Table 4"}
        - recipe: ras
          jitter: 2
          grid: {ras.encoder: [0, 2], ras.decoder: [1, 4]}

      """
    try Fuzzing.run("plan", [Data(text.utf8)], cases: 200) {
      let plan = try BenchmarkPlan.parse(String(decoding: $0, as: UTF8.self))
      _ = try plan.rows(categories: ["bottle", "tire"], file: "p.yaml") { _ in Recipe() }
    }
  }

  @Test func manifests() throws {
    let (data, _) = try ManifestText.encode(ModelFolderTests.manifest)
    try Fuzzing.run("manifest", [data]) {
      let manifest = try JSONDecoder().decode(Manifest.self, from: $0)
      _ = UInt64(manifest.recipe.training.seed)
      _ = manifest.imageSize * manifest.imageSize * 3
    }
  }

  @Test func calibrations() throws {
    let scores = ["a": (1...40).map { Float($0) / 40 }, "b": (1...40).map { Float($0) / 20 }]
    let calibration = try Calibration.fit(
      scores: scores, pixelMaxima: scores, source: .holdout, rate: 0.05)
    try Fuzzing.run("calibration", [calibration.json()], cases: 200) {
      let read = try Calibration(json: $0)
      _ = try read.verdict(path: "p", score: 1, category: "a")
      _ = read.shared?.picturesForRequest
    }
  }

  @Test func safetensors() throws {
    let seed = try SafeTensors.write(
      SafeTensorsTests.tensors, metadata: ["note": "n", "format": "pt"])
    try Fuzzing.run("safetensors", [seed]) { _ = try SafeTensorsFile($0).tensors() }
  }

  @Test func checkpoints() throws {
    let values = Data((0..<24).flatMap { _ in [0, 0, 0x80, 0x3F] as [UInt8] })
    let seeds = [
      CheckpointBuilder.stateDictionary(
        [
          StoredTensor(
            name: "w", key: "0", storageCount: 24, shape: [2, 3, 4], strides: [12, 4, 1])
        ]),
      CheckpointBuilder.stateDictionary(
        [StoredTensor(name: "w", key: "0", storageCount: 24, shape: [2, 1], strides: [2, 1])]),
    ].map { CheckpointBuilder.zipped($0, storages: ["0": values]) }
    // The archive's checksums would refuse most changes, so the pickle is changed and packed.
    try Fuzzing.run("zip", seeds) { _ = try TorchCheckpoint.read($0) }
    let pickle = CheckpointBuilder.stateDictionary(
      [StoredTensor(name: "w", key: "0", storageCount: 24, shape: [2, 3, 4], strides: [12, 4, 1])])
    try Fuzzing.run("pickle", [pickle]) {
      _ = try TorchCheckpoint.read(CheckpointBuilder.zipped($0, storages: ["0": values]))
    }
  }

  @Test func archives() throws {
    let seed = HandmadeZip.stored([("a/one.txt", Data("one".utf8)), ("two.bin", Data(count: 40))])
    try Fuzzing.run("archive", [seed]) {
      let archive = try ZipArchive(data: $0)
      for name in archive.entries { _ = try? archive.data(name, limit: 1 << 20) }
    }
  }

  @Test func tables() throws {
    let seed = "path,category,label\r\n\"a,1.png\",x,0\r\nb.png,\"y \"\"z\"\"\",crack\r\n"
    try Fuzzing.run("csv", [Data(seed.utf8)]) {
      _ = try CSVText.rows(String(decoding: $0, as: UTF8.self))
    }
  }

  @Test func listsOfRealIAD() throws {
    let tree = try TemporaryFolder()
    try tree.pictures("iad/realiad_512/zipper/OK", "a.jpg")
    let seed = """
      {"train": [{"anomaly_class": "OK", "image_path": "OK/a.jpg", "mask_path": null}],
       "test": [{"anomaly_class": "PS", "image_path": "NG/b.jpg", "mask_path": "NG/b.png"}]}
      """
    try Fuzzing.run("real-iad", [Data(seed.utf8)], cases: 150) {
      try tree.file("iad/realiad_jsons/zipper.json", $0)
      _ = try DatasetReader.read(tree["iad"])
    }
  }

  @Test func pictureStores() throws {
    let tree = try TemporaryFolder()
    let origin = PictureStore.Origin(
      root: "parts", fingerprint: "f00d", imageSize: 4, exifOrientation: true)
    let samples = ["lid/a.png", "lid/b.png"].map {
      Sample(path: $0, category: "lid", split: .train, label: .normal)
    }
    try PictureStore.write(origin, samples, to: tree["seed.store"]) { append in
      for place in 0..<2 { try append(place, .init(rgb: [UInt8](repeating: 7, count: 48))) }
    }
    let seed = try Data(contentsOf: URL(fileURLWithPath: tree["seed.store"]))
    try Fuzzing.run("picture-store", [seed], cases: 150) {
      let path = try tree.file("changed.store", $0)
      let store = try PictureStore(path: path)
      _ = store.pictures([0])
    }
  }
}

/// What mutated files found, each once.
@Suite("Numbers from outside")
struct HostileNumberTests {
  private func problem(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "nothing was thrown"
    } catch {
      return "\(error)"
    }
  }

  /// One error each: what depends on a side that cannot be is not spoken of.
  @Test(arguments: [0, -1, 31, Int.max, Int.min])
  func aPictureSideIsCheckedBeforeItIsComputedWith(side: Int) {
    for method in ["ras", "rlr", "uniad", "uranet", "patchcore", "padim"] {
      var recipe = Recipe(method: method)
      recipe.backbone.imageSize = side
      #expect(
        problem { try recipe.validate() }
          == "backbone.imageSize: \(side) is out of range; 32 to 2048", "\(method)")
    }
  }

  @Test(arguments: [
    "rlr:\n  levels: [9223372036854775807]\n", "rlr:\n  levels: [-9223372036854775808]\n",
    "rlr:\n  hidden: [9223372036854775807]\n", "rlr:\n  windows: [9223372036854775807]\n",
    "rlr:\n  heads: 9223372036854775807\n", "backbone:\n  taps: [9223372036854775807]\n",
    "scoring:\n  pool: 9223372036854775807\n", "training:\n  epochs: 9223372036854775807\n",
    "training:\n  batch: 9223372036854775807\n", "training:\n  seed: -9223372036854775808\n",
  ])
  func recipesWithImpossibleNumbersAreRefusedOrRead(text: String) {
    let said = problem { _ = try Recipe.parse("method: rlr\n" + text) }
    // The backbone alone knows how many blocks it has.
    #expect(said != "nothing was thrown" || text.contains("taps"))
  }

  @Test(arguments: [
    ("\"seed\" : 0", "\"seed\" : -1"),
    ("\"imageSize\" : 224", "\"imageSize\" : 9223372036854775807"),
    ("\"grid\" : 14", "\"grid\" : -14"), ("\"batch\" : ", "\"batch\" : -"),
  ])
  func aManifestsNumbersAre(honest: String, hostile: String) throws {
    let (data, _) = try ManifestText.encode(ModelFolderTests.manifest)
    let text = String(decoding: data, as: UTF8.self)
    #expect(text.contains(honest))
    let changed = Data(text.replacing(honest, with: hostile).utf8)
    #expect(throws: DecodingError.self) { try JSONDecoder().decode(Manifest.self, from: changed) }
  }

  /// Of an axis of one element the stride may be anything.
  @Test func aStrideThatIsNeverUsedIsNotComputedWith() throws {
    let values: [Float] = [1, 2, 3, 4]
    let pickle = CheckpointBuilder.stateDictionary([
      StoredTensor(name: "w", key: "0", storageCount: 4, shape: [2, 1], strides: [2, .max])
    ])
    let tensors = try TorchCheckpoint.read(
      CheckpointBuilder.zipped(pickle, storages: ["0": CheckpointBuilder.floats(values)]))
    #expect(tensors["w"]?.values == [1, 3] && tensors["w"]?.shape == [2, 1])
  }
}
