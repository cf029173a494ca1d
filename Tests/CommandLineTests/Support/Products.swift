import Foundation
import Norma
import NormaCore

/// Two products that a camera saw: striped ones and dotted ones, and some of each with a patch of
/// noise where a pattern should be.
enum Products: String, CaseIterable {
  case dotted
  case striped

  static let width = 80
  static let height = 72
  static let defect = (x: 24, y: 20, side: 28)

  func picture(_ number: Int, defective: Bool = false) -> Picture {
    var generator = SeededGenerator(seed: UInt64(number), stream: rawValue)
    var rgb: [UInt8] = []
    for y in 0..<Self.height {
      for x in 0..<Self.width {
        let inside =
          defective && (0..<Self.defect.side).contains(x - Self.defect.x)
          && (0..<Self.defect.side).contains(y - Self.defect.y)
        let noise = generator.uniform()
        for channel in 0..<3 {
          let value =
            inside ? (noise < 0.5 ? 0 : 255) : pattern(x, y, channel: channel) + 8 * noise
          rgb.append(UInt8(max(0, min(255, value))))
        }
      }
    }
    return Picture(width: Self.width, height: Self.height, rgb: rgb)
  }

  private func pattern(_ x: Int, _ y: Int, channel: Int) -> Double {
    let (x, y) = (Double(x), Double(y))
    return switch self {
    case .striped: 110 + 50 * sin(x * 0.7) + 20 * Double(channel)
    case .dotted: 130 + 60 * cos(x * 0.5) * cos(y * 0.5) - 20 * Double(channel)
    }
  }

  static var mask: Picture {
    var rgb = [UInt8](repeating: 0, count: width * height * 3)
    for y in defect.y..<defect.y + defect.side {
      for x in defect.x..<defect.x + defect.side {
        for channel in 0..<3 { rgb[(y * width + x) * 3 + channel] = 255 }
      }
    }
    return Picture(width: width, height: height, rgb: rgb)
  }
}

extension Workshop {
  /// Both products in MVTec AD's layout: 12 to train on, 4 good and 3 defective ones to test.
  @discardableResult
  func makeProducts(in folder: String = "products") throws -> String {
    for product in Products.allCases {
      let category = "\(folder)/\(product.rawValue)"
      for number in 0..<12 {
        try write(png: product.picture(number), to: "\(category)/train/good/\(number).png")
      }
      for number in 100..<104 {
        try write(png: product.picture(number), to: "\(category)/test/good/\(number).png")
      }
      for number in 200..<203 {
        let name = "\(category)/test/noise/\(number).png"
        try write(png: product.picture(number, defective: true), to: name)
        try write(png: Products.mask, to: "\(category)/ground_truth/noise/\(number)_mask.png")
      }
    }
    return path + "/" + folder
  }

  func write(png picture: Picture, to name: String) throws {
    try write(PictureWriter.png(picture), to: name)
  }
}
