/// What Norma says of one picture; `norma inspect --json` writes one a line.
///
/// In JSON every key is present and what is not known is `null`, but for `uncertainty` and those after it,
/// which are there only where there is something to say.
public struct Verdict: Codable, Sendable, Equatable {
  /// The picture's path as it was given.
  public var path: String
  /// The image score; higher is more anomalous.
  public var score: Float
  /// The share of normal pictures that score as high; `nil` when the model is uncalibrated.
  public var pValue: Double?
  /// The threshold that decided; `nil` when the model is uncalibrated.
  public var threshold: Float?
  /// How anomalous the picture is on a scale that means the same for every product, model and precision: 1
  /// is the threshold, 0 what is usual; `nil` when the model is uncalibrated.
  public var level: Double?
  /// The share of normal pictures that is expected above the threshold; `nil` when uncalibrated.
  public var falseAlarmRate: Double?
  /// The category whose threshold decided; `nil` for the shared one.
  public var category: String?
  /// Whether the score is above the threshold, or the picture like no product that the model knows; `nil`
  /// when the model is uncalibrated.
  public var anomalous: Bool?
  /// Whether the picture is like no product that the model knows: a person should look. `nil` when the
  /// model cannot tell.
  public var unknown: Bool?
  /// The anomalous regions, highest peak first.
  public var regions: [Region]
  /// How far the model's perception contradicts the verdict, in 0…1, ½ being its limit
  /// (``Calibration/uncertainty(suspicion:isAnomalous:category:)``); `nil` for models without one.
  public var uncertainty: Float?
  /// Whether a person should look; `nil` when no share of pictures was set aside for that.
  public var review: Bool?
  /// Other categories that the picture could be of as well; the strictest of them decided. `nil` for none.
  public var alike: [String]?
  /// The file of its heat map; `nil` where none was asked for, or it could not be written.
  public var heatMap: String?
  /// Why the heat map that was asked for was not written: which file, what is wrong, what to do. The verdict
  /// stands.
  public var heatMapError: String?
  /// The file of the map of its uncertainty, as ``heatMap``.
  public var uncertaintyMap: String?
  /// Why that map was not written.
  public var uncertaintyMapError: String?

  public init(
    path: String, score: Float, pValue: Double? = nil, threshold: Float? = nil,
    level: Double? = nil, falseAlarmRate: Double? = nil, category: String? = nil,
    anomalous: Bool? = nil, unknown: Bool? = nil, regions: [Region] = [],
    uncertainty: Float? = nil, review: Bool? = nil, alike: [String]? = nil
  ) {
    self.path = path
    self.score = score
    self.pValue = pValue
    self.threshold = threshold
    (self.level, self.falseAlarmRate) = (level, falseAlarmRate)
    (self.unknown, self.alike) = (unknown, alike)
    self.category = category
    self.anomalous = anomalous
    self.regions = regions
    self.uncertainty = uncertainty
    self.review = review
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(path, forKey: .path)
    try container.encode(score, forKey: .score)
    try container.encode(pValue, forKey: .pValue)
    try container.encode(threshold, forKey: .threshold)
    try container.encode(level, forKey: .level)
    try container.encode(falseAlarmRate, forKey: .falseAlarmRate)
    try container.encode(category, forKey: .category)
    try container.encode(anomalous, forKey: .anomalous)
    try container.encode(unknown, forKey: .unknown)
    try container.encode(regions, forKey: .regions)
    try container.encodeIfPresent(uncertainty, forKey: .uncertainty)
    try container.encodeIfPresent(review, forKey: .review)
    try container.encodeIfPresent(alike, forKey: .alike)
    try container.encodeIfPresent(heatMap, forKey: .heatMap)
    try container.encodeIfPresent(heatMapError, forKey: .heatMapError)
    try container.encodeIfPresent(uncertaintyMap, forKey: .uncertaintyMap)
    try container.encodeIfPresent(uncertaintyMapError, forKey: .uncertaintyMapError)
  }
}

/// One anomalous region of a picture, in the picture's own pixels.
public struct Region: Codable, Sendable, Hashable {
  /// Left edge of the box, from the picture's left edge.
  public var x: Int
  /// Upper edge of the box, from the picture's upper edge.
  public var y: Int
  /// Size of the box; at least 1 each.
  public var width: Int
  public var height: Int
  /// Pixels of the region itself, at least 1.
  public var area: Int
  /// The largest value of the anomaly map in the region.
  public var peak: Float

  public init(x: Int, y: Int, width: Int, height: Int, area: Int, peak: Float) {
    self.x = x
    self.y = y
    self.width = width
    self.height = height
    self.area = area
    self.peak = peak
  }
}

/// Finds the 8-connected regions of an anomaly map above a threshold.
public struct RegionFinder: Sendable, Equatable {
  /// A pixel belongs to a region when its value is *above* this.
  public var threshold: Float

  public init(threshold: Float) { self.threshold = threshold }

  /// The regions of `map`, highest peak first, scaled to a picture of `pictureWidth` ×
  /// `pictureHeight` pixels, each axis by its own factor: pictures are resized to the map's size
  /// without keeping the aspect. A box covers every picture pixel that the region touches; an area is
  /// the region's share of the picture, rounded.
  ///
  /// - Parameters:
  ///   - map: height × width, row by row.
  ///   - width: the map's columns.
  ///   - height: the map's rows.
  ///   - pictureWidth: the original picture's columns.
  ///   - pictureHeight: the original picture's rows.
  /// - Throws: ``MetricError`` for NaN or for sizes that do not agree.
  public func regions(
    in map: [Float], width: Int, height: Int, pictureWidth: Int, pictureHeight: Int
  ) throws -> [Region] {
    guard width > 0, height > 0, map.count == width * height else {
      throw MetricError.lengths(
        what: "pixels of an anomaly map of \(width)×\(height)", found: map.count,
        expected: width * height)
    }
    guard pictureWidth > 0, pictureHeight > 0 else {
      throw MetricError.invalid(
        what: "the picture's size", found: "\(pictureWidth)×\(pictureHeight)",
        expected: "at least 1×1")
    }
    try ScoreKey.refuseNaN(map, what: "pixel of the anomaly map")
    let found = try ConnectedRegions(
      mask: map.map { $0 > threshold ? 1 : 0 }, width: width, height: height)
    let across = Scale(from: width, to: pictureWidth)
    let down = Scale(from: height, to: pictureHeight)
    return boxes(found, map, width).map { box in
      let share = Double(found.areas[box.region]) / Double(map.count)
      let area = share * Double(pictureWidth) * Double(pictureHeight)
      let (left, right) = (across.floor(box.left), across.ceiling(box.right))
      let (top, bottom) = (down.floor(box.top), down.ceiling(box.bottom))
      return Region(
        x: left, y: top, width: right - left, height: bottom - top,
        area: max(1, Int(area.rounded())), peak: box.peak)
    }
    .sorted { ($1.peak, $1.area, $0.y, $0.x) < ($0.peak, $0.area, $1.y, $1.x) }
  }

  /// Map pixels on one axis to picture pixels.
  private struct Scale {
    var from: Int
    var to: Int

    func floor(_ edge: Int) -> Int { edge * to / from }
    func ceiling(_ edge: Int) -> Int { (edge * to + from - 1) / from }
  }

  private struct Box {
    var region: Int
    var left = Int.max
    var right = 0
    var top = Int.max
    var bottom = 0
    var peak = -Float.infinity
  }

  private func boxes(_ found: ConnectedRegions, _ map: [Float], _ width: Int) -> [Box] {
    var boxes = found.areas.indices.map { Box(region: $0) }
    for run in found.runs {
      var box = boxes[run.region]
      box.left = min(box.left, run.start)
      box.right = max(box.right, run.end)
      box.top = min(box.top, run.row)
      box.bottom = max(box.bottom, run.row + 1)
      for column in run.start..<run.end { box.peak = max(box.peak, map[run.row * width + column]) }
      boxes[run.region] = box
    }
    return boxes
  }
}
