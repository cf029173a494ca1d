import Foundation

extension ReportContent {
  /// What became of a test picture.
  public enum Fate: String, Codable, Sendable, CaseIterable {
    /// An anomalous picture below the threshold.
    case missed
    /// A normal picture above the threshold.
    case falselyFlagged
    /// An anomalous picture above the threshold.
    case caught

    /// The order in which a page shows pictures, as indices of `scores`: the worst first.
    ///
    /// A missed picture is the worse the lower its score, a falsely flagged one the higher; among
    /// the caught the narrowest come first. Equal scores keep their order, and NaN comes last.
    public func worstFirst(_ scores: [Double]) -> [Int] {
      let rising = self != .falselyFlagged
      return scores.indices.sorted { left, right in
        let (a, b) = (scores[left], scores[right])
        if a.isNaN || b.isNaN { return !a.isNaN || (b.isNaN && left < right) }
        if a == b { return left < right }
        return rising ? a < b : a > b
      }
    }
  }

  /// Some of the pictures that share a fate, out of all of them.
  public struct ExampleGroup: Codable, Sendable, Equatable {
    public var fate: Fate
    /// How many pictures share the fate, shown or not.
    public var total: Int
    /// Those that are shown; the page orders them, the worst first.
    public var examples: [Example]

    public init(fate: Fate, total: Int, examples: [Example]) {
      self.fate = fate
      self.total = total
      self.examples = examples
    }
  }

  /// A test picture beside what the model made of it. All images are JPEG, PNG or WebP files of the
  /// same proportions; a few hundred pixels suffice.
  public struct Example: Codable, Sendable, Equatable {
    /// What tells the picture from the others of its category, for example `broken_small/003.jpg`.
    public var fileName: String
    public var score: Double
    /// The share of normal pictures that score as high, 0…1.
    public var pValue: Double?
    public var picture: Data
    public var heatMap: Data?
    /// The picture with the outlines of the anomalous regions.
    public var contour: Data?
    /// The labelled defect; nil for a normal picture or without a mask.
    public var groundTruth: Data?

    public init(
      fileName: String, score: Double, pValue: Double? = nil, picture: Data,
      heatMap: Data? = nil, contour: Data? = nil, groundTruth: Data? = nil
    ) {
      self.fileName = fileName
      self.score = score
      self.pValue = pValue
      self.picture = picture
      self.heatMap = heatMap
      self.contour = contour
      self.groundTruth = groundTruth
    }
  }
}
