import Foundation
import NormaCore

/// A line of `inspect --json`, by the keys that its users rely on.
struct InspectedPicture: Decodable {
  struct Region: Decodable {
    var x, y, width, height, area: Int
    var peak: Double

    func meets(_ square: (x: Int, y: Int, side: Int)) -> Bool {
      x < square.x + square.side && square.x < x + width && y < square.y + square.side
        && square.y < y + height
    }
  }

  var path: String
  var score: Double
  var pValue: Double?
  var threshold: Double?
  var level: Double?
  var unknown: Bool?
  var category: String?
  var anomalous: Bool?
  var regions: [Region]
}

/// What `evaluate --json` prints, by the keys that its users rely on.
struct Figures: Decodable {
  struct Row: Decodable {
    var name: String?
    var imageAUROC, pixelAUROC, aupro: Double?
  }

  var categories: [Row]
  var mean: Row
}

/// What `doctor --json` prints, by the keys that its users rely on.
struct DoctorReport: Decodable {
  struct File: Decodable {
    var file, method: String
    var passed: Bool
    var note: String?
  }

  struct Agreement: Decodable {
    struct Row: Decodable {
      var engine: String
      var score, map: Double
    }
    var pictures: Int
    var rows: [Row]
  }

  struct Reference: Decodable {
    struct Row: Decodable {
      struct Deviation: Decodable {
        var score, map, feature: Double
      }
      var engine: String
      var isModels, passed: Bool
      var deviation: Deviation?
    }
    var rows: [Row]
  }

  var files: [File]?
  var reference: Reference?
  var agreement: Agreement?
}

extension CommandResult {
  var verdicts: [InspectedPicture] {
    get throws {
      try lines.map { try JSONDecoder().decode(InspectedPicture.self, from: Data($0.utf8)) }
    }
  }

  var doctor: DoctorReport {
    get throws { try JSONDecoder().decode(DoctorReport.self, from: Data(output.utf8)) }
  }
}
