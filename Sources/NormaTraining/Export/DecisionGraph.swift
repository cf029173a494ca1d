import Foundation
import NormaCore
import ONNX

/// Puts a calibration's rule (``DecisionRule``) behind a detector's graph, so that whoever runs it in another
/// runtime has the verdict, too: `level` float `[N]` and `anomalous` bool `[N]`; where categories are
/// recognised `category` int64 `[N]`, an index into the rule's categories; where it can be told `unknown` bool
/// `[N]`.
///
/// All of it is computed in 32-bit floats, in an order that loses little: differences before squares, the
/// logarithm of score / threshold, which is exact where it matters, at 1. `anomalous` is Norma's verdict
/// exactly: scores are compared with thresholds as they are, and a level is above 1 where the score is above
/// its threshold, and nowhere else. What is not a number is anomalous, or unknown. Distances and levels that
/// differ by less than floats of 32 bits tell (1e-6 of them) may tie here and not in Norma, which counts in 64;
/// then another one of two categories that are as near, or as strict, may be named.
public enum DecisionGraph {
  /// What the names of all operations of the rule begin with.
  public static let prefix = "verdict"

  /// - Parameters:
  ///   - rule: nil of uncalibrated models: nothing but the metadata is added.
  ///   - onnx: a graph with the outputs `score` `[N]` and `feature` `[N, C]`, in 32-bit floats.
  ///   - metadata: what the file says besides of what it is.
  /// - Throws: `GraphError` when the bytes are no such graph.
  public static func adding(
    _ rule: DecisionRule?, to onnx: Data, metadata: [String: String] = [:]
  ) throws -> Data {
    var editor = try ModelEditor(onnx, prefix: prefix)
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { editor.setMetadata(key, value) }
    guard let rule else { return try editor.data() }
    var writer = RuleWriter(rule: rule, editor: editor)
    try writer.write()
    return try writer.editor.data()
  }
}

/// Writes a rule's operations. N pictures, K categories, C channels.
private struct RuleWriter {
  let rule: DecisionRule
  var editor: ModelEditor

  mutating func write() throws {
    let column = editor.constant([-1, 1])
    let score = editor.add("Reshape", [GraphPort.score, column])
    guard let features = rule.features else {
      let level = flat(try levels(score, [rule.shared]))
      try editor.output(level, as: GraphPort.level, .float)
      return try editor.output(try isAbove(level), as: GraphPort.anomalous, .boolean)
    }
    let names = rule.categories
    let levels = try levels(score, names.map { rule.scale(of: $0) })
    let distances = try distances(to: names, features)
    let nearest = editor.add("ArgMin", [distances], integers: ["axis": 1, "keepdims": 1])
    let isNearest = editor.add("Equal", [nearest, editor.constant(Array(names.indices))])
    let closest = editor.add(
      "ReduceMin", [distances], integers: ["keepdims": 1], lists: ["axes": [1]])

    var candidates = isNearest
    if rule.tellsUnknown {
      let alike = try alike(distances, closest, nearest, names)
      candidates = editor.add("Or", [isNearest, alike])
    }
    // Levels are never below 0.
    let none = try editor.constant([-1], shape: [1])
    let strictness = editor.add("Where", [candidates, levels, none])
    let strictest = editor.add(
      "ReduceMax", [strictness], integers: ["keepdims": 1], lists: ["axes": [1]])
    let decides = editor.add("GreaterOrEqual", [strictness, strictest])
    let farthest = try editor.constant([.greatestFiniteMagnitude], shape: [1])
    // Of equally strict ones the nearest decides, of equally near ones the first.
    let chosen = editor.add(
      "ArgMin", [editor.add("Where", [decides, distances, farthest])],
      integers: ["axis": 1, "keepdims": 0])
    let level = flat(strictest)
    try editor.output(chosen, as: GraphPort.category, .integer)
    try editor.output(level, as: GraphPort.level, .float)
    var anomalous = try isAbove(level)
    if rule.tellsUnknown {
      let unknown = try unknown(score, closest, nearest, names)
      try editor.output(unknown, as: GraphPort.unknown, .boolean)
      anomalous = editor.add("Or", [anomalous, unknown])
    }
    try editor.output(anomalous, as: GraphPort.anomalous, .boolean)
  }

  private mutating func flat(_ value: String) -> String {
    editor.add("Reshape", [value, editor.constant([-1])])
  }

  private mutating func isAbove(_ level: String) throws -> String {
    editor.add("Greater", [level, try editor.constant([1], shape: [1])])
  }

  /// The levels `[N, K]` of scores `[N, 1]` by K scales.
  private mutating func levels(_ score: String, _ scales: [LevelScale]) throws -> String {
    let count = [scales.count]
    let threshold = try editor.constant(scales.map(\.threshold), shape: count)
    let isWithin = editor.add("LessOrEqual", [score, threshold])
    // A score that is not a number is not within its threshold.
    let isAbove = editor.add("Not", [isWithin])
    var away: String
    if rule.shared.isLogarithmic {
      let smallest = Float.leastNormalMagnitude
      let least = try editor.constant([smallest], shape: [1])
      let positive = try editor.constant(scales.map { max($0.threshold, smallest) }, shape: count)
      let ratio = editor.add("Div", [editor.add("Max", [score, least]), positive])
      away = editor.add("Log", [ratio])
    } else {
      away = editor.add("Sub", [score, threshold])
    }
    let steepness = try editor.constant(
      scales.map { scale in scale.range.map { Float(1 / $0) } ?? 0 }, shape: count)
    let one = try editor.constant([1], shape: [1])
    away = editor.add("Add", [editor.add("Mul", [away, steepness]), one])
    let raw = editor.add("Max", [away, try editor.constant([0], shape: [1])])
    // Rounding must not put a level on the other side of 1 than the score is of its threshold.
    let more = editor.add(
      "Where",
      [editor.add("Greater", [raw, one]), raw, try editor.constant([Float(1).nextUp], shape: [1])])
    let level = editor.add("Where", [isAbove, more, editor.add("Min", [raw, one])])
    let isFlat = scales.map { $0.range == nil }
    guard isFlat.contains(true) else { return level }
    // Nothing varies: 0, 1 and 2 below, at and above the threshold.
    let isBelow = editor.add("Less", [score, threshold])
    let side = editor.add(
      "Add", [editor.toFloat(isAbove), editor.toFloat(editor.add("Not", [isBelow]))])
    return editor.add("Where", [editor.constant(isFlat), side, level])
  }

  /// How far pictures lie from each category, `[N, K]`.
  private mutating func distances(
    to names: [String], _ features: CategoryFeatures
  ) throws -> String {
    // Where no channel tells anything all are equally near: none counts, so that the first is named.
    let dead = !features.deviation.contains { $0 > 0 }
    let telling = dead ? [0] : features.deviation.indices.filter { features.deviation[$0] > 0 }
    let deviation = dead ? [Float.greatestFiniteMagnitude] : telling.map { features.deviation[$0] }
    var feature = GraphPort.feature
    if telling.count < features.deviation.count {
      feature = editor.add("Gather", [feature, editor.constant(telling)], integers: ["axis": 1])
    }
    feature = editor.add("Unsqueeze", [feature, editor.constant([1])])
    let means = names.flatMap { name in telling.map { features.means[name]?[$0] ?? 0 } }
    let difference = editor.add(
      "Sub", [feature, try editor.constant(means, shape: [names.count, telling.count])])
    let standardized = editor.add(
      "Div", [difference, try editor.constant(deviation, shape: [telling.count])])
    return editor.add(
      "ReduceMean", [editor.add("Mul", [standardized, standardized])],
      integers: ["keepdims": 0], lists: ["axes": [2]])
  }

  /// Which categories a picture could be of besides the nearest, `[N, K]`.
  private mutating func alike(
    _ distances: String, _ closest: String, _ nearest: String, _ names: [String]
  ) throws -> String {
    let factor = try editor.constant([Float(DecisionRule.alikeFactor)], shape: [1])
    let isNear = editor.add("LessOrEqual", [distances, editor.add("Mul", [closest, factor])])
    let limits = names.map { rule.distanceLimits[$0] }
    // Without a limit none is alike: no distance is below 0.
    let within = try editor.constant(limits.map { $0 ?? -1 }, shape: [names.count])
    let alike = editor.add("And", [isNear, editor.add("LessOrEqual", [distances, within])])
    guard limits.contains(nil) else { return alike }
    let isKnown = editor.add("Gather", [editor.constant(limits.map { $0 != nil }), nearest])
    return editor.add("And", [alike, isKnown])
  }

  /// Whether pictures are of none of the categories, `[N]`.
  private mutating func unknown(
    _ score: String, _ closest: String, _ nearest: String, _ names: [String]
  ) throws -> String {
    // Without a limit nothing is unknown.
    let limits = names.map { rule.distanceLimits[$0] ?? .greatestFiniteMagnitude }
    let least = names.map { name in
      rule.distanceLimits[name].flatMap { _ in rule.least[name] } ?? -.greatestFiniteMagnitude
    }
    let distance = names.map { rule.leastDistances[$0] ?? .greatestFiniteMagnitude }
    let limit = editor.add(
      "Gather", [try editor.constant(limits, shape: [names.count]), nearest])
    let isFar = editor.add("Not", [editor.add("LessOrEqual", [closest, limit])])
    let lowest = editor.add("Gather", [try editor.constant(least, shape: [names.count]), nearest])
    let atLeast = editor.add(
      "Gather", [try editor.constant(distance, shape: [names.count]), nearest])
    let showsLess = editor.add(
      "And", [editor.add("Less", [score, lowest]), editor.add("Greater", [closest, atLeast])])
    return flat(editor.add("Or", [isFar, showsLess]))
  }
}
