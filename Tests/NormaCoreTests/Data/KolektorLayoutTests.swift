import Foundation
import NormaCore
import NormaFiles
import Testing

@Suite("The Kolektor data sets' layouts")
struct KolektorLayoutTests {
  /// An uncompressed BMP of 9×2 pixels; `marked` are set.
  private func bmp(bits: Int, marked: [(x: Int, y: Int)] = []) -> Data {
    func little(_ value: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    let (width, height) = (9, 2)
    let row = (width * bits + 31) / 32 * 4
    let palette = bits <= 8 ? 4 << bits : 0
    var pixels = [UInt8](repeating: 0, count: row * height)
    for pixel in marked {
      let bit = pixel.x * bits
      let value: UInt8 = bits == 1 ? 0x80 >> UInt8(bit % 8) : 0xFF
      pixels[pixel.y * row + bit / 8] |= value
    }
    // What fills a row is no pixel, whatever it holds.
    for y in 0..<height where row * 8 >= width * bits + 8 { pixels[(y + 1) * row - 1] = 0xAA }
    var bytes = Array("BM".utf8) + little(54 + palette + pixels.count, 4) + little(0, 4)
    bytes += little(54 + palette, 4) + little(40, 4) + little(width, 4) + little(height, 4)
    bytes += little(1, 2) + little(bits, 2) + little(0, 24)
    return Data(bytes + [UInt8](repeating: 0, count: palette) + pixels)
  }

  /// A grey PNG of 3×2 pixels in a block that is stored, not compressed.
  private func png(_ rows: [[UInt8]], colour: UInt8 = 0) -> Data {
    func big(_ value: Int) -> [UInt8] {
      (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }
    func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
      big(content.count) + Array(name.utf8) + content + [0, 0, 0, 0]
    }
    let raw = rows.flatMap { [UInt8(0)] + $0 }
    let size = [UInt8(raw.count & 255), UInt8(raw.count >> 8)]
    var stored: [UInt8] = [0x78, 0x01, 0x01]
    stored += size + size.map { ~$0 } + raw
    stored += [0, 0, 0, 0]
    var bytes: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    bytes += chunk("IHDR", big(3) + big(rows.count) + [8, colour, 0, 0, 0])
    bytes += chunk("IDAT", Array(stored[..<9])) + chunk("IDAT", Array(stored[9...]))
    return Data(bytes + chunk("IEND", []))
  }

  @Test(arguments: [1, 8, 24])
  func theFirstDealsItsItemsAndLooksIntoMasks(bits: Int) throws {
    let tree = try TemporaryTree()
    for item in 1...4 {
      let folder = "KolektorSDD/kos0\(item)"
      try tree.pictures(folder, "Part0.jpg", "Part1.jpg")
      try tree.file("\(folder)/Part0_label.bmp", bmp(bits: bits))
      try tree.file(
        "\(folder)/Part1_label.bmp", bmp(bits: bits, marked: item == 2 ? [(8, 1)] : []))
    }
    let dataset = try DatasetReader.read(tree["KolektorSDD"])
    #expect(dataset.layout == "KolektorSDD" && dataset.categories == ["KolektorSDD"])
    #expect(dataset.unusable.isEmpty, "\(dataset.unusable)")
    let names = { (sample: Sample) in
      FilePath.name(FilePath.parent(sample.path)) + "/" + FilePath.name(sample.path)
    }
    #expect(
      dataset.train.map(names) == [
        "kos01/Part0.jpg", "kos01/Part1.jpg", "kos02/Part0.jpg", "kos03/Part0.jpg",
        "kos03/Part1.jpg",
      ])
    #expect(dataset.test.map(names) == ["kos02/Part1.jpg", "kos04/Part0.jpg", "kos04/Part1.jpg"])
    #expect(dataset.test.map(\.label) == [.anomalous("defect"), .normal, .normal])
    #expect(dataset.test[0].mask == tree["KolektorSDD/kos02/Part1_label.bmp"])
    #expect(KnownDataset.recognized(dataset)?.key == "kolektor-sdd")
  }

  @Test func theSecondHasItsSplit() throws {
    let tree = try TemporaryTree()
    let empty: [[UInt8]] = [[0, 0, 0], [0, 0, 0]]
    let marked: [[UInt8]] = [[0, 0, 0], [0, 0, 255]]
    for (name, mask) in [
      ("train/1", empty), ("train/2", marked), ("test/3", empty), ("test/4", marked),
    ] {
      try tree.picture("K2/\(name).png")
      try tree.file("K2/\(name)_GT.png", png(mask))
    }
    let dataset = try DatasetReader.read(tree["K2"])
    #expect(dataset.layout == "KolektorSDD2")
    #expect(dataset.train.map(\.path) == [tree["K2/train/1.png"]])
    #expect(dataset.test.map(\.label) == [.normal, .anomalous("defect")])
    #expect(dataset.test[1].mask == tree["K2/test/4_GT.png"])
    #expect(
      dataset.notes == ["train: 1 defective picture left out; only normal pictures are trained on"])
    #expect(KnownDataset.recognized(dataset)?.key == "kolektor-sdd2")
  }

  @Test func masksThatCannotBeReadAreNamed() throws {
    let tree = try TemporaryTree()
    let whole = png([[0, 0, 0], [0, 0, 0]])
    let masks: [(String, Data, String)] = [
      ("cut", whole.prefix(60), "the PNG is damaged"),
      ("alpha", png([[0, 0, 0], [0, 0, 0]], colour: 6), "without transparency"),
      ("short", bmp(bits: 8).dropLast(3), "the BMP is cut short"),
      ("odd", Data("BM".utf8) + Data(count: 12) + Data([40]) + Data(count: 60), "uncompressed"),
    ]
    for (name, data, _) in masks {
      try tree.picture("K2/test/\(name).png")
      try tree.file("K2/test/\(name)_GT.png", data)
    }
    try tree.picture("K2/train/1.png")
    try tree.file("K2/train/1_GT.png", whole)
    try tree.picture("K2/train/bare.png")
    let dataset = try DatasetReader.read(tree["K2"])
    #expect(dataset.test.isEmpty && dataset.train.count == 1)
    let reasons = Dictionary(
      uniqueKeysWithValues: dataset.unusable.map { (FilePath.stem($0.path), $0.reason) })
    for (name, _, reason) in masks {
      #expect(reasons[name + "_GT"]?.contains(reason) == true, "\(name): \(reasons)")
    }
    #expect(reasons["bare"]?.contains("it has no mask bare_GT") == true)
  }
}
