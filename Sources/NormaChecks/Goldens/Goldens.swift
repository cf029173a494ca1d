import Foundation
import Networks
import NormaCore
import NormaFiles
import NormaTraining

/// Runs golden files through the engines.
public enum Goldens {
  /// Finds a backbone's parameters, folded.
  public typealias BackboneSource = (
    _ name: String, _ taps: LevelTaps
  ) throws -> [String: WeightTensor]

  /// - Parameters:
  ///   - path: a safetensors file or a folder of them.
  ///   - backbone: finds the parameters, folded, of the backbone of that name, as far as its taps need them;
  ///     where weights usually are unless said otherwise.
  ///   - engines: those that run a backbone's file.
  /// - Throws: when there is no golden file at `path`. What is wrong with one file is its result.
  public static func run(
    at path: String,
    backbone: BackboneSource = { try BackboneWeights.load($0, taps: $1).parameters },
    engines: [GoldenEngine] = GoldenEngine.allCases
  ) throws -> [GoldenResult] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw FileProblem(path: path, reason: "there is no such file or folder")
    }
    let files =
      isFolder.boolValue
      ? try FolderListing(path).files.sorted().filter { $0.hasSuffix(".safetensors") }
        .map { path + "/" + $0 } : [path]
    guard !files.isEmpty else {
      throw FileProblem(path: path, reason: "there is no .safetensors file in this folder")
    }
    return files.map { result($0, backbone: backbone, engines: engines) }
  }

  private static func result(
    _ path: String, backbone: BackboneSource, engines: [GoldenEngine]
  ) -> GoldenResult {
    let name = (path as NSString).lastPathComponent
    do {
      let file = try GoldenFile(path: path)
      do {
        return try run(file, backbone: backbone, engines: engines).explained()
      } catch {
        return .failed(name, method: file.method, "\(error)")
      }
    } catch {
      return .failed(name, method: "unknown", "\(error)")
    }
  }

  private static func run(
    _ file: GoldenFile, backbone: BackboneSource, engines: [GoldenEngine]
  ) throws -> GoldenResult {
    switch file.method {
    case "dinomaly": return try MethodGolden(dinomaly: file).run(engines: engines)
    case "ras": return try MethodGolden(ras: file).run()
    case "rlr": return try MethodGolden(rlr: file).run()
    case "uniad": return try MethodGolden(uniad: file).run()
    case "metrics": return try metrics(file)
    case "backbone":
      return try convolutional(file, backbone: backbone, engines: engines)
    case "trunk": return try TrunkGolden(file).run(backbone: backbone, engines: engines)
    case let method:
      return .failed(file.name, method: method, "the method '\(method)' is not built")
    }
  }

  /// The engine that is furthest off.
  private static func convolutional(
    _ file: GoldenFile, backbone: BackboneSource, engines: [GoldenEngine]
  ) throws -> GoldenResult {
    let name = BackboneGolden.backbone
    guard let specification = Backbones.named(name) else { throw GoldenError("\(name) is unknown") }
    let weights = try backbone(name, specification.defaultLevels)
    let results = try engines.map {
      try BackboneGolden.run(file, specification, backbone: weights, engine: $0)
    }
    guard let worst = results.max(by: { ($0.outputs ?? .infinity) < ($1.outputs ?? .infinity) })
    else { throw GoldenError("\(file.name): no engine was named") }
    return worst
  }

  private static func metrics(_ file: GoldenFile) throws -> GoldenResult {
    let maps = try file.tensor("maps")
    let names = (file.decoded("expected", as: [String].self) ?? []).map(GoldenMetrics.name(of:))
    let expected = try file.tensor("expected").values
    guard names.count == expected.count, maps.shape.count == 3 else {
      throw GoldenError("\(file.name) does not name its \(expected.count) expected values")
    }
    let found = try GoldenMetrics.compute(
      labels: file.tensor("labels").values, scores: file.tensor("scores").values,
      masks: file.tensor("masks").values, maps: maps.values, height: maps.shape[1],
      width: maps.shape[2])
    let worst = zip(names, expected).reduce(0.0) { worst, pair in
      guard let name = pair.0, let value = found[name] else { return .infinity }
      return max(worst, abs(value - Double(pair.1)))
    }
    return GoldenResult(
      file: file.name, method: file.method, outputs: worst, passed: worst <= metricTolerance)
  }

  /// Metrics agree within this.
  static let metricTolerance = 1e-5
}

/// A file of reference tensors from an independent implementation: parameters, inputs, outputs, loss,
/// gradients, and the parameters after three optimiser steps.
public struct GoldenFile {
  public let name: String
  public let metadata: [String: String]
  public let tensors: [String: WeightTensor]

  /// Throws when the file is not a safetensors file.
  public init(path: String) throws {
    name = (path as NSString).lastPathComponent
    (metadata, tensors) = try SafeTensors.read(path)
  }

  /// What the file is of: `ras`, `metrics`, …; the backbone's files do not say and read `backbone`.
  public var method: String {
    text("method") ?? (metadata["images"] == nil ? "unknown" : "backbone")
  }

  /// A metadata entry that is a JSON string.
  func text(_ key: String) -> String? {
    decoded(key, as: String.self)
  }

  /// A metadata entry, which is JSON.
  func decoded<T: Decodable>(_ key: String, as type: T.Type) -> T? {
    metadata[key].flatMap {
      try? JSONDecoder().decode(T.self, from: Data($0.utf8))
    }
  }

  /// The tensor `name`; throws when the file lacks it.
  func tensor(_ name: String) throws -> WeightTensor {
    guard let tensor = tensors[name] else {
      throw GoldenError("\(self.name) has no tensor \(name)")
    }
    return tensor
  }

  /// The tensors whose names begin with `group` and a dot, by the rest of their names.
  func group(_ group: String) -> [String: WeightTensor] {
    let prefix = group + "."
    return Dictionary(
      uniqueKeysWithValues: tensors.filter { $0.key.hasPrefix(prefix) }
        .map { (String($0.key.dropFirst(prefix.count)), $0.value) })
  }
}

/// How far the engines are from one golden file, by the measures of the file format.
public struct GoldenResult: Codable, Sendable {
  public var file: String
  public var method: String
  /// Largest deviation of an output, as a share of the largest value of its tensor.
  public var outputs: Double?
  /// Largest relative deviation of the losses.
  public var loss: Double?
  /// Largest deviation of a gradient, as a share of the largest of its tensor.
  public var gradients: Double?
  /// Largest deviation of a parameter's change over the optimiser's steps, as a share of the largest.
  public var weights: Double?
  public var passed: Bool
  /// Why a file is not passed, where the numbers do not say.
  public var note: String?

  /// Every key is written, `null` where there is no number.
  public func encode(to encoder: any Encoder) throws {
    func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(file, forKey: .file)
    try container.encode(method, forKey: .method)
    try container.encode(finite(outputs), forKey: .outputs)
    try container.encode(finite(loss), forKey: .loss)
    try container.encode(finite(gradients), forKey: .gradients)
    try container.encode(finite(weights), forKey: .weights)
    try container.encode(passed, forKey: .passed)
    try container.encode(note, forKey: .note)
  }

  /// Says in words what a number cannot: a value that is missing, of another size, or not finite.
  func explained() -> GoldenResult {
    guard note == nil, [outputs, loss, gradients, weights].contains(where: { $0 == .infinity })
    else { return self }
    var result = self
    result.note = "a value is missing, of another size, or not a finite number"
    return result
  }

  static func failed(_ file: String, method: String, _ note: String) -> GoldenResult {
    GoldenResult(file: file, method: method, passed: false, note: note)
  }
}

public struct GoldenError: Error, CustomStringConvertible, Sendable {
  public let description: String

  init(_ description: String) {
    self.description = description
  }
}

/// The measures by which a golden file is compared.
enum Deviation {
  /// Largest |difference| as a share of the largest |expected|; infinite when sizes differ or a value
  /// is not a number.
  static func relative(_ actual: [Float], _ expected: [Float], floor: Double = 0) -> Double {
    guard actual.count == expected.count else { return .infinity }
    var difference = 0.0
    var largest = floor
    for (a, b) in zip(actual, expected) {
      guard a.isFinite, b.isFinite else { return .infinity }
      difference = max(difference, Double(abs(a - b)))
      largest = max(largest, Double(abs(b)))
    }
    if difference == 0 { return 0 }
    return largest > 0 ? difference / largest : .infinity
  }

  /// The norm of all elements of all tensors together.
  static func norm(_ tensors: some Sequence<WeightTensor>) -> Double {
    tensors.reduce(0.0) { sum, tensor in
      tensor.values.reduce(sum) { $0 + Double($1) * Double($1) }
    }.squareRoot()
  }
}
