import Foundation
import Networks
import NormaCore
import NormaFiles
import Torch

extension EnsembleMethod: LearningMethod {
  public func training(
    on data: TrainingData, settings: TrainingSettings, fingerprint: String
  ) throws -> any Training {
    try EnsembleTraining(self, data: data, settings: settings, fingerprint: fingerprint)
  }

  /// Of the members' trainings; what the scales take is told by the training itself, which knows how many
  /// pictures are held out.
  public func steps(pictures: Int, settings: TrainingSettings) -> Int {
    members.indices.reduce(0) { sum, index in
      let steps = (try? learningMember(index)).flatMap {
        try? $0.steps(pictures: pictures, settings: self.settings(ofMember: index, settings))
      }
      return sum + (steps ?? 0)
    }
  }

  /// With the scales of the network that it is compared with, and as short a training for each member.
  public func crossFitted(after network: TrainedNetwork) -> any LearningMethod {
    var method = self
    method.knownScales = members.indices.map { index in
      let scope = Self.scope(ofScale: index)
      return Scale(
        map: network.values["\(scope).map"]?.first ?? 1,
        score: network.values["\(scope).score"]?.first ?? 1)
    }
    return method
  }

  /// - Throws: when the member's method has no training.
  func learningMember(_ index: Int) throws -> any LearningMethod {
    guard let method = members[index].method as? any LearningMethod else {
      throw NetworkError("\(members[index].title) has no training, so it cannot be a member")
    }
    return method
  }

  /// The recipe's settings with what a member says otherwise. How long it is trained is not asked of it
  /// where a part of the pictures is trained on for the thresholds: that is short for all.
  func settings(ofMember index: Int, _ settings: TrainingSettings) throws -> TrainingSettings {
    let own = members[index].settings.training
    var settings = settings
    if knownScales == nil {
      settings.epochs = own.epochs ?? settings.epochs
      settings.minutes = own.minutes ?? settings.minutes
    }
    settings.batch = own.batch ?? settings.batch
    settings.learningRate = own.learningRate ?? settings.learningRate
    settings.weightDecay = own.weightDecay ?? settings.weightDecay
    settings.clip = own.clip.map(Float.init) ?? settings.clip
    settings.warmup = own.warmup ?? settings.warmup
    settings.seed = own.seed.map(UInt64.init) ?? settings.seed
    if let schedule = own.schedule { settings.cosine = schedule == "cosine" }
    if let floor = own.cosineFloor { settings.cosineFloor = floor > 0 ? floor : nil }
    if !settings.cosine { settings.cosineFloor = nil }
    if let name = own.optimizer {
      guard let optimizer = TrainingRecipe.Optimizer(rawValue: name) else {
        throw TrainerError("ensemble.members.\(index).training.optimizer: '\(name)' is none")
      }
      settings.change(to: optimizer)
    }
    return settings
  }
}

extension TrainingData {
  /// The features as a member of an ensemble sees them: those of its backbone alone.
  func seen(by member: EnsembleMethod.Member) -> TrainingData {
    TrainingData(
      store: store.parts[member.part], training: training, heldOut: heldOut,
      standardization: standardization.map { Array($0[member.maps]) },
      twins: member.pastesTexture ? twins : nil, categories: categories)
  }

  /// The same features, other pictures to learn from.
  func learning(from pictures: [Int]) -> TrainingData {
    TrainingData(
      store: store, training: pictures, heldOut: [], standardization: standardization, twins: twins,
      categories: categories)
  }
}

/// Trains the members of an ensemble one after the other, each as it would be trained alone, then measures
/// their scales. A checkpoint holds the networks of finished members; the member under way keeps its own
/// beside it, so that what was stopped goes on to the same weights.
public final class EnsembleTraining: Training {
  private let method: EnsembleMethod
  private let data: TrainingData
  private let settings: TrainingSettings
  private let fingerprint: String
  private let scales: EnsembleScales
  private var checkpoint: EnsembleCheckpoint
  /// The member under way, where it was resumed.
  private var resumedMember: (any Training)?
  private var current: (any Training)?
  private var pastWarnings: [String] = []

  /// - Throws: when there is no picture to learn from, or a member cannot be trained.
  public init(
    _ method: EnsembleMethod, data: TrainingData, settings: TrainingSettings, fingerprint: String
  ) throws {
    guard !data.training.isEmpty else { throw TrainerError("there is no picture to train on") }
    for index in method.members.indices { _ = try method.learningMember(index) }
    (self.method, self.data, self.settings) = (method, data, settings)
    self.fingerprint = fingerprint
    scales = EnsembleScales(method, data: data, seed: settings.seed)
    checkpoint = EnsembleCheckpoint(fingerprint: fingerprint)
  }

  public var summary: String { method.members.map(\.title).joined(separator: ", ") }

  public var steps: Int {
    method.members.indices.reduce(0) { $0 + steps(ofMember: $1) } + scales.steps
  }

  public var warnings: [String] { pastWarnings + (current?.warnings ?? []) }

  private func steps(ofMember index: Int) -> Int {
    (try? method.learningMember(index).steps(
      pictures: data.training.count, settings: method.settings(ofMember: index, settings))) ?? 0
  }

  private func training(ofMember index: Int) throws -> any Training {
    try method.learningMember(index).training(
      on: data.seen(by: method.members[index]),
      settings: method.settings(ofMember: index, settings),
      fingerprint: "\(fingerprint) member \(index)")
  }

  /// A fit keeps no state of its own.
  private func keepsState(_ index: Int) -> Bool {
    !(method.members[index].method is any FittedMethod)
  }

  private static func path(ofMember index: Int, _ path: String) -> String {
    "\(path).member-\(index)"
  }

  public func resumed(from path: String) throws -> String? {
    guard let found = try EnsembleCheckpoint.read(from: path) else { return nil }
    guard found.fingerprint == fingerprint, found.finished.count <= method.members.count else {
      throw TrainerError.ofAnotherTraining(checkpoint: path)
    }
    checkpoint = found
    let next = found.finished.count
    var said = "\(next) of \(counted(method.members.count, "member"))"
    if next < method.members.count, keepsState(next) {
      let training = try training(ofMember: next)
      if let progress = try training.resumed(from: Self.path(ofMember: next, path)) {
        resumedMember = training
        said += " and \(progress) of \(method.members[next].title)"
      }
    }
    return said
  }

  public func train(
    checkpoint path: String?, checkpointSeconds: Double, shouldStop: () -> Bool,
    report: (TrainingProgress) -> Void
  ) throws -> TrainingOutcome {
    if let path { try checkpoint.write(to: path) }
    while checkpoint.finished.count < method.members.count {
      let index = checkpoint.finished.count
      if shouldStop() { return .interrupted }
      let training = try resumedMember ?? begun(index, path)
      (current, resumedMember) = (training, nil)
      let before = (0..<index).reduce(0) { $0 + steps(ofMember: $1) }
      let title = method.members[index].title
      let outcome = try training.train(
        checkpoint: keepsState(index) ? path.map { Self.path(ofMember: index, $0) } : nil,
        checkpointSeconds: checkpointSeconds, shouldStop: shouldStop,
        report: {
          report(TrainingProgress(done: before + $0.done, detail: "\(title): \($0.detail)"))
        })
      guard case .finished(let network) = outcome else { return .interrupted }
      pastWarnings += training.warnings
      current = nil
      checkpoint.finished.append(network)
      if let path {
        try checkpoint.write(to: path)
        try? FileManager.default.removeItem(atPath: Self.path(ofMember: index, path))
      }
    }
    let before = method.members.indices.reduce(0) { $0 + steps(ofMember: $1) }
    let start = ContinuousClock.now
    let found = try scales.measured(checkpoint.finished, shouldStop: shouldStop) {
      report(TrainingProgress(done: before + $0, detail: "scales of the maps"))
    }
    guard let found else { return .interrupted }
    return .finished(network(found, seconds: (ContinuousClock.now - start).seconds))
  }

  /// What an earlier training left there is not this one's.
  private func begun(_ index: Int, _ path: String?) throws -> any Training {
    if let path {
      try? FileManager.default.removeItem(atPath: Self.path(ofMember: index, path))
    }
    return try training(ofMember: index)
  }

  /// The members' networks and scales as one.
  private func network(_ scales: [EnsembleMethod.Scale], seconds: Double) -> TrainedNetwork {
    var names: [String] = []
    var shapes: [String: [Int]] = [:]
    var values: [String: [Float]] = [:]
    func add(_ name: String, _ shape: [Int]?, _ value: [Float]) {
      names.append(name)
      (shapes[name], values[name]) = (shape ?? [value.count], value)
    }
    for (index, member) in checkpoint.finished.enumerated() {
      for name in member.names {
        add(
          "\(EnsembleMethod.scope(ofMember: index)).\(name)", member.shapes[name],
          member.values[name] ?? [])
      }
    }
    for (index, scale) in scales.enumerated() {
      let scope = EnsembleMethod.scope(ofScale: index)
      add("\(scope).map", [1], [scale.map])
      add("\(scope).score", [1], [scale.score])
    }
    let histories = checkpoint.finished.map(\.history)
    var history = LossHistory(
      fitSeconds: histories.reduce(seconds) { $0 + ($1.seconds ?? 0) })
    let counted = histories.compactMap(\.steps)
    history.steps = counted.isEmpty ? nil : counted.reduce(0, +)
    history.members = zip(method.members, histories).map {
      LossHistory.Member(title: $0.title, losses: $1)
    }
    return TrainedNetwork(names: names, shapes: shapes, values: values, history: history)
  }
}

/// The members of an ensemble that are trained to the end.
struct EnsembleCheckpoint {
  /// Of pictures, recipe and settings.
  let fingerprint: String
  /// In the recipe's order.
  var finished: [TrainedNetwork] = []

  init(fingerprint: String) { self.fingerprint = fingerprint }

  /// What the file holds beside the tensors.
  private struct State: Codable {
    struct Member: Codable {
      var names: [String]
      var history: LossHistory
    }

    var fingerprint: String
    var members: [Member]
  }

  /// Writes the checkpoint atomically: the one before stays whole until the new one is on disk.
  func write(to path: String) throws {
    var tensors: [String: WeightTensor] = [:]
    for (index, network) in finished.enumerated() {
      for (name, tensor) in network.weights { tensors["\(index).\(name)"] = tensor }
    }
    let state = State(
      fingerprint: fingerprint,
      members: finished.map { State.Member(names: $0.names, history: $0.history) })
    let json = String(decoding: try JSONEncoder().encode(state), as: UTF8.self)
    try AtomicFile.write(SafeTensors.write(tensors, metadata: ["ensemble": json]), to: path)
  }

  /// The checkpoint at `path`; nil when there is none. Throws when it is damaged, or of a single method.
  static func read(from path: String) throws -> EnsembleCheckpoint? {
    guard FilePath.exists(path) else { return nil }
    let file = try SafeTensors.read(path)
    guard let json = file.metadata["ensemble"],
      let state = try? JSONDecoder().decode(State.self, from: Data(json.utf8))
    else {
      throw CheckpointError(
        "\(path) is not a checkpoint of an ensemble's training; --force starts anew")
    }
    var checkpoint = EnsembleCheckpoint(fingerprint: state.fingerprint)
    checkpoint.finished = try state.members.enumerated().map { index, member in
      var tensors: [String: WeightTensor] = [:]
      for name in member.names {
        guard let tensor = file.tensors["\(index).\(name)"] else {
          throw CheckpointError(
            "\(path) lacks \(index).\(name): it is damaged; --force starts anew")
        }
        tensors[name] = tensor
      }
      return TrainedNetwork(
        names: member.names, shapes: tensors.mapValues(\.shape),
        values: tensors.mapValues(\.values), history: member.history)
    }
    return checkpoint
  }
}
