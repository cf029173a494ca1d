import Foundation
import NormaCore
import NormaTraining
import ONNX
import OpenVINO
import Testing

/// The verdict that an exported graph computes is the calibration's.
@Suite struct DecisionGraphTests {
  static let channels = 12

  /// A picture as the rule sees it.
  struct Seen {
    var score: Float
    var feature: [Float]
  }

  /// What came out of the graph, as numbers.
  struct Found {
    var category: [Float]?
    var level: [Float]
    var unknown: [Float]?
    var anomalous: [Float]
  }

  /// Four categories: two far apart, and two that lie near to each other; channel 3 tells nothing.
  private func feature(of category: Int, _ generator: inout SeededGenerator) -> [Float] {
    (0..<Self.channels).map { channel in
      if channel == 3 { return 5 }
      let place = [0, 900, 30, 30.8][category] * (channel % 2 == 0 ? 1 : -0.5)
      return Float(place + generator.normal())
    }
  }

  private func calibration(
    scores: (Int, inout SeededGenerator) -> Float, pictures: Int = 40, knowsDistances: Bool = true
  ) throws -> Calibration {
    var generator = SeededGenerator(seed: 11)
    var builder = CategoryFeatures.Builder()
    var held: [(category: String, feature: [Float])] = []
    var found: [String: [Float]] = [:]
    for category in 0..<4 {
      for _ in 0..<pictures {
        try builder.add(feature(of: category, &generator), category: "c\(category)")
        held.append(("c\(category)", feature(of: category, &generator)))
        found["c\(category)", default: []].append(scores(category, &generator))
      }
    }
    let features = try #require(try builder.build())
    return try .fit(
      scores: found, source: .holdout, rate: 0.05, features: features,
      distances: knowsDistances ? features.distances(of: held) : [:])
  }

  /// Pictures of every kind, scores around the thresholds, at them, and far below.
  private func pictures(_ rule: DecisionRule) -> [Seen] {
    var generator = SeededGenerator(seed: 12)
    return (0..<600).map { index in
      let category = index % 4
      var feature = feature(of: category, &generator)
      if index % 7 == 0 { feature = feature.map { $0 + 3 } }
      let threshold = rule.scale(of: "c\(category)").threshold
      let score =
        switch index % 5 {
        case 0: threshold
        case 1: threshold.nextUp
        case 2: threshold * Float(0.9 + 0.2 * generator.uniform())
        case 3: threshold * Float(generator.uniform())
        default: threshold * Float(1e-4 * generator.uniform())
        }
      return Seen(score: score, feature: feature)
    }
  }

  private func run(_ rule: DecisionRule, _ pictures: [Seen]) throws -> Found {
    let graph = Graph(name: "seen")
    let score = try graph.input("score", shape: [-1])
    _ = try graph.input("feature", shape: [-1, Self.channels])
    try graph.output(score.affine(scale: 2, offset: 0), name: "twice")
    let decided = try DecisionGraph.adding(
      rule, to: graph.model(), metadata: ["norma.version": "1"])
    #expect(decided.range(of: Data("norma.version".utf8)) != nil)
    // The engine hands over floats.
    var editor = try ModelEditor(decided, prefix: "test")
    let names = editor.outputs.filter { $0 != "twice" }
    for name in names { try editor.output(editor.toFloat(name), as: "f.\(name)", .float) }
    let request = try Core().compile(
      onnx: editor.data(), options: CompileOptions(precision: .f32, batch: pictures.count)
    ).makeRequest()
    try request.setInput("score", pictures.map(\.score), shape: [pictures.count])
    // Without categories nothing needs it, and it is no input of the compiled graph.
    if names.contains("category") {
      try request.setInput(
        "feature", pictures.flatMap(\.feature), shape: [pictures.count, Self.channels])
    }
    try request.infer()
    func values(_ name: String) throws -> [Float]? {
      names.contains(name) ? try request.output("f.\(name)").values : nil
    }
    return Found(
      category: try values("category"), level: try #require(try values("level")),
      unknown: try values("unknown"), anomalous: try #require(try values("anomalous")))
  }

  private func check(_ calibration: Calibration, unknown: Bool) throws {
    let rule = try #require(try calibration.decisionRule())
    #expect(rule.tellsUnknown == unknown)
    let pictures = pictures(rule)
    let found = try run(rule, pictures)
    #expect((found.unknown != nil) == unknown)
    let category = try #require(found.category)
    var (anomalous, strange, alike) = (0, 0, 0)
    for (index, picture) in pictures.enumerated() {
      let verdict = try calibration.verdict(
        path: "\(index)", score: picture.score, feature: picture.feature)
      #expect(rule.categories[Int(category[index])] == verdict.category, "\(index)")
      #expect((found.anomalous[index] == 1) == verdict.anomalous, "\(index)")
      #expect((found.unknown?[index] == 1) == (verdict.unknown ?? false), "\(index)")
      let level = try #require(verdict.level)
      #expect(abs(Double(found.level[index]) - level) <= 1e-4 * max(1, level), "\(index)")
      // A level says by itself on which side of its threshold the score lies.
      let threshold = try calibration.threshold(category: verdict.category).value
      #expect((found.level[index] > 1) == (picture.score > threshold), "\(index)")
      anomalous += verdict.anomalous == true ? 1 : 0
      strange += verdict.unknown == true ? 1 : 0
      alike += verdict.alike == nil ? 0 : 1
    }
    #expect((100...590).contains(anomalous), "\(anomalous)")
    #expect(
      unknown ? strange > 50 && alike > 50 : strange == 0 && alike == 0, "\(strange) \(alike)")
  }

  @Test func logarithmsOfScores() throws {
    try check(
      calibration { category, generator in
        Float(0.01 * pow(7, Double(category)) * exp(0.2 * generator.normal()))
      }, unknown: true)
  }

  @Test func scoresThatAreNotPositive() throws {
    try check(
      calibration { category, generator in Float(Double(category) + 0.3 * generator.normal()) },
      unknown: true)
  }

  @Test func scoresThatDoNotVary() throws {
    try check(calibration { _, _ in 0.25 }, unknown: true)
  }

  @Test func withoutDistancesNothingIsUnknown() throws {
    try check(
      calibration(
        scores: { _, generator in Float(exp(0.2 * generator.normal())) }, knowsDistances: false),
      unknown: false)
  }

  @Test func withoutFeaturesTheSharedThresholdDecides() throws {
    let calibration = try Calibration.fit(
      scores: ["a": (1...40).map { Float($0) / 100 }], source: .holdout, rate: 0.05)
    let rule = try #require(try calibration.decisionRule())
    let pictures = pictures(rule)
    let found = try run(rule, pictures)
    #expect(found.category == nil && found.unknown == nil)
    for (index, picture) in pictures.enumerated() {
      let verdict = try calibration.verdict(path: "\(index)", score: picture.score)
      #expect((found.anomalous[index] == 1) == verdict.anomalous, "\(index)")
      let level = try #require(verdict.level)
      #expect(abs(Double(found.level[index]) - level) <= 1e-4 * max(1, level), "\(index)")
    }
  }

  @Test func anUncalibratedModelsGraphDecidesNothing() throws {
    let graph = Graph(name: "seen")
    let score = try graph.input("score", shape: [-1])
    try graph.output(score.affine(scale: 2, offset: 0), name: "twice")
    let rule = try Calibration.uncalibrated().decisionRule()
    #expect(rule == nil)
    let editor = try ModelEditor(
      DecisionGraph.adding(rule, to: graph.model()), prefix: "test")
    #expect(editor.outputs == ["twice"])
  }

  @Test func whatIsNoGraphIsRefused() throws {
    #expect(throws: GraphError.self) {
      try DecisionGraph.adding(nil, to: Data("no graph".utf8))
    }
    let graph = Graph(name: "seen")
    let score = try graph.input("score", shape: [-1])
    try graph.output(score.affine(scale: 2, offset: 0), name: "twice")
    var editor = try ModelEditor(graph.model(), prefix: "test")
    let zero = try editor.constant([0], shape: [1])
    let sum = editor.add("Add", ["score", zero])
    #expect(throws: GraphError.self) { try editor.output(sum, as: "twice", .float) }
    #expect(throws: GraphError.self) { try editor.constant([0], shape: [2]) }
  }
}
