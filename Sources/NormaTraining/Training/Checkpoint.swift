import Foundation
import NormaCore
import NormaFiles
import Torch

/// A training as it stands between two steps: everything that the rest of it depends on.
struct Checkpoint {
  /// What the file holds beside the tensors.
  struct State: Codable, Equatable {
    /// The fingerprint of pictures, recipe and settings; a training goes on from its own state only.
    var fingerprint: String
    var epoch = 0
    /// Steps done of this epoch.
    var step = 0
    /// Sum of the losses of these steps.
    var lossSum = 0.0
    var seconds = 0.0
    var history = LossHistory()
    var bestLoss: Double?
  }

  var state: State
  var parameters: [String: [Float]]
  var optimizer: Adam.State
  var best: [String: [Float]]?

  /// Writes the checkpoint atomically: the one before stays whole until the new one is on disk.
  func write(to path: String, names: [String]) throws {
    var tensors: [String: WeightTensor] = [:]
    for (index, name) in names.enumerated() {
      guard let values = parameters[name] else { continue }
      tensors["parameters." + name] = WeightTensor(shape: [values.count], values: values)
      tensors["means." + name] = WeightTensor(
        shape: [values.count], values: optimizer.means[index])
      tensors["squares." + name] = WeightTensor(
        shape: [values.count], values: optimizer.squares[index])
      if optimizer.maxima.indices.contains(index) {
        tensors["maxima." + name] = WeightTensor(
          shape: [values.count], values: optimizer.maxima[index])
      }
      if let best = best?[name] {
        tensors["best." + name] = WeightTensor(shape: [best.count], values: best)
      }
    }
    tensors["steps"] = WeightTensor(shape: [optimizer.steps.count], values: optimizer.steps)
    let json = String(decoding: try JSONEncoder().encode(state), as: UTF8.self)
    try AtomicFile.write(SafeTensors.write(tensors, metadata: ["state": json]), to: path)
  }

  /// The checkpoint at `path`; nil when there is none. Throws when it is damaged.
  static func read(from path: String, names: [String]) throws -> Checkpoint? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let file = try SafeTensors.read(path)
    guard let json = file.metadata["state"],
      let state = try? JSONDecoder().decode(State.self, from: Data(json.utf8))
    else {
      throw CheckpointError("\(path) is not a checkpoint of a training; --force starts anew")
    }
    func values(_ group: String) throws -> [[Float]] {
      try names.map { name in
        guard let tensor = file.tensors["\(group).\(name)"] else {
          throw CheckpointError(
            "\(path) lacks \(group).\(name): it is of another network; --force starts anew")
        }
        return tensor.values
      }
    }
    let optimizer = Adam.State(
      means: try values("means"), squares: try values("squares"),
      steps: file.tensors["steps"]?.values ?? [],
      maxima: file.tensors.keys.contains { $0.hasPrefix("maxima.") } ? try values("maxima") : [])
    let parameters = Dictionary(uniqueKeysWithValues: zip(names, try values("parameters")))
    let best =
      file.tensors.keys.contains { $0.hasPrefix("best.") }
      ? Dictionary(uniqueKeysWithValues: zip(names, try values("best"))) : nil
    return Checkpoint(state: state, parameters: parameters, optimizer: optimizer, best: best)
  }
}

struct CheckpointError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}
