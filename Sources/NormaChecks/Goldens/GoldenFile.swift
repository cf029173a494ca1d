import Foundation
import NormaCore
import NormaFiles
import NormaTraining

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
