import Foundation
import NormaChecks
import NormaCore
import TestSupport
import Testing

@Suite struct GoldenMetricsTests {
  @Test(.enabled(if: SharedData.isPresent, "needs the shared data"))
  func equalsTheReference() throws {
    let golden = try Golden(Data(contentsOf: SharedData.url("goldens/metrics.safetensors")))
    let shape = try #require(golden.shapes["maps"])
    let found = try GoldenMetrics.compute(
      labels: golden.values("labels"), scores: golden.values("scores"),
      masks: golden.values("masks"), maps: golden.values("maps"), height: shape[1],
      width: shape[2])
    let expected = try golden.values("expected")
    #expect(golden.entries.count == expected.count)
    for (entry, value) in zip(golden.entries, expected) {
      let name = try #require(GoldenMetrics.name(of: entry))
      #expect(abs(try #require(found[name]) - Double(value)) < 1e-6, "\(name)")
    }
  }

  @Test func sizesThatDoNotAgreeAreRefused() {
    #expect(throws: MetricError.self) {
      try GoldenMetrics.compute(
        labels: [1, 0], scores: [1, 0], masks: [1, 0], maps: [1, 0, 2], height: 1, width: 1)
    }
  }

  /// As much of safetensors as a file of float32 tensors needs.
  private struct Golden {
    let shapes: [String: [Int]]
    let entries: [String]
    private let ranges: [String: Range<Int>]
    private let data: Data

    init(_ file: Data) throws {
      let size = file.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
      let header = try #require(
        try JSONSerialization.jsonObject(with: file.dropFirst(8).prefix(size)) as? [String: Any])
      data = Data(file.dropFirst(8 + size))
      let metadata = try #require(header["__metadata__"] as? [String: String])
      let expected = try #require(metadata["expected"])
      entries = try JSONDecoder().decode([String].self, from: Data(expected.utf8))
      let tensors = header.compactMapValues { $0 as? [String: Any] }
      shapes = tensors.compactMapValues { $0["shape"] as? [Int] }
      ranges = tensors.compactMapValues { tensor in
        guard let bounds = tensor["data_offsets"] as? [Int], bounds.count == 2 else { return nil }
        return bounds[0]..<bounds[1]
      }
    }

    func values(_ name: String) throws -> [Float] {
      let bytes = [UInt8](data[try #require(ranges[name])])
      return stride(from: 0, to: bytes.count, by: 4).map { start in
        Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[start + $1]) << (8 * $1) })
      }
    }
  }
}
