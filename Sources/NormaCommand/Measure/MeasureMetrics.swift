import ArgumentParser
import Foundation
import NormaCore
import NormaFiles

/// `norma measure metrics`: anomaly maps and masks to figures.
struct MeasureMetrics: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics",
    abstract: "Anomaly maps and masks to AUROC, average precision and AUPRO.",
    discussion: """
      MAPS is a .safetensors file with 'maps', float32 [N, H, W], and 'masks',
      float32 [N, H, W], above 0 where anomalous.
      """)

  @Argument(help: "The maps and masks.")
  var maps: String

  @OptionGroup var rounds: MeasuredRounds

  func run() throws {
    let tensors = try SafeTensors.read(maps).tensors
    guard let maps = tensors["maps"], let masks = tensors["masks"], maps.shape.count == 3,
      maps.shape == masks.shape
    else {
      throw FileProblem(
        path: self.maps, reason: "expected 'maps' and 'masks', both [N, H, W]")
    }
    let (count, height, width) = (maps.shape[0], maps.shape[1], maps.shape[2])
    let area = height * width
    let pictures = (0..<count).map { Array(maps.values[$0 * area..<($0 + 1) * area]) }
    let truths = (0..<count).map { number in
      masks.values[number * area..<(number + 1) * area].map { $0 > 0 ? UInt8(1) : 0 }
    }
    try rounds.run("maps") {
      var result: PixelResult?
      let seconds = try MeasuredRounds.time {
        let metrics = try PixelMetrics()
        for (map, mask) in zip(pictures, truths) {
          try metrics.add(map: map, mask: mask, width: width, height: height)
        }
        result = try metrics.finish()
      }
      let found = [
        "auroc": result?.auroc, "averagePrecision": result?.averagePrecision,
        "aupro": result?.aupro,
      ]
      return MeasuredRounds.Round(
        seconds: seconds, items: count, results: found.compactMapValues { $0 })
    }
  }
}
