import Foundation
import Norma
import NormaCore
import Testing

@Suite struct DetectorTests {
  static let size = 24
  let options = Detector.Options(hint: .latency, cacheFolder: nil)

  private func detector(_ graph: Data) throws -> Detector {
    try Detector(
      graph: graph, name: "tiny.onnx", imageSize: Self.size, precision: .f32, options: options)
  }

  /// A picture of the network's size, black with one red pixel.
  private func picture(red: UInt8, at place: Int) -> Picture {
    var rgb = [UInt8](repeating: 0, count: Self.size * Self.size * 3)
    rgb[3 * place] = red
    return Picture(width: Self.size, height: Self.size, rgb: rgb)
  }

  @Test func scoreMapAndFeature() throws {
    let detector = try detector(TinyGraph.model(size: Self.size))
    let detection = try detector.detect(picture(red: 102, at: 50))
    #expect(abs(detection.score - 0.4) < 1e-6)
    #expect(abs(detection.map.values[50] - 0.4) < 1e-6)
    #expect(detection.map.values.count { $0 != 0 } == 1)
    #expect(detection.feature.count == 3 && detection.feature[0] > 0)
    #expect(try detector.executionPrecision() == "f32")
  }

  @Test func notANumberIsAnError() throws {
    let detector = try detector(TinyGraph.model(size: Self.size, scale: .nan))
    let error = try #require(throws: DetectionError.self) {
      try detector.detect(picture(red: 1, at: 0), name: "plate.png")
    }
    #expect(error.description.contains("plate.png"))
    #expect(error.description.contains("not finite numbers"))
  }

  @Test func graphsOfAnotherKindAreRefused() throws {
    let lacking = try TinyGraph.model(size: Self.size, leavingOut: "feature")
    let missing = try #require(throws: DetectionError.self) { try detector(lacking) }
    #expect(missing.description.contains("the graph has no 'feature'"))
    let other = try TinyGraph.model(size: Self.size + 1)
    let sized = try #require(throws: DetectionError.self) { try detector(other) }
    #expect(sized.description.contains("'pictures' is uint8 [1, 25, 25, 3]"))
    let bytes = try #require(throws: DetectionError.self) { try detector(Data("no graph".utf8)) }
    #expect(bytes.description.hasPrefix("tiny.onnx: "))
  }

  @Test func picturesOfAnotherSizeAreRefused() throws {
    let detector = try detector(TinyGraph.model(size: Self.size))
    let small = Picture(width: 2, height: 2, rgb: [UInt8](repeating: 0, count: 12))
    #expect(throws: DetectionError.self) { try detector.detect(small) }
  }

  @Test func filesComeBackInOrderAndBadOnesDoNotStopTheOthers() throws {
    let folder = try TemporaryFolder()
    let paths = try (0..<40).map { index in
      if index % 7 == 3 { return try folder.write([UInt8](), to: "\(index).png") }
      let grey = [UInt8](repeating: UInt8(index), count: 30 * 20)
      let png = HandmadePNG(width: 30, height: 20, kind: .grey, lines: grey)
      return try folder.write(png.bytes, to: "\(index).png")
    }
    let detector = try Detector(
      graph: TinyGraph.model(size: Self.size), name: "tiny.onnx", imageSize: Self.size,
      precision: .f32, options: Detector.Options(hint: .throughput, cacheFolder: nil))
    var order: [Int] = []
    try detector.detect(paths) { index, result in
      order.append(index)
      switch result {
      case .detected(let detection):
        #expect(index % 7 != 3)
        #expect(abs(detection.score - Float(index) / 255) < 1e-6)
        #expect(detection.original == PictureSize(width: 30, height: 20))
      case .unreadable(let problem):
        #expect(index % 7 == 3)
        #expect(problem.path == paths[index])
      }
    }
    #expect(order == Array(0..<40))
  }

  @Test func anErrorOfTheReceiverEndsTheWork() throws {
    let folder = try TemporaryFolder()
    let png = HandmadePNG(
      width: 10, height: 10, kind: .grey, lines: [UInt8](repeating: 1, count: 100))
    let path = try folder.write(png.bytes, to: "a.png")
    let detector = try detector(TinyGraph.model(size: Self.size))
    struct Enough: Error {}
    var seen = 0
    #expect(throws: Enough.self) {
      try detector.detect([String](repeating: path, count: 200)) { _, _ in
        seen += 1
        if seen == 3 { throw Enough() }
      }
    }
    #expect(seen == 3)
  }
}
