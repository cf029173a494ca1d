import Foundation
import Networks
import NormaCore
import NormaFiles
import Torch

/// Trains a method, or another network, on stored features. Everything random is drawn from the seed, the epoch and the
/// step, so a training that was interrupted and resumed ends in the same weights.
public final class Trainer {
  /// How far a training is.
  public struct Progress: Sendable {
    public var epoch: Int
    public var epochs: Int
    public var step: Int
    public var stepsPerEpoch: Int
    public var loss: Double
    /// The held-out loss of the last finished epoch.
    public var heldOut: Double?
    /// Steps of this run so far, and the seconds they took.
    public var stepsOfRun: Int
    public var secondsOfRun: Double
  }

  public typealias Outcome = TrainingOutcome

  let data: TrainingData
  let settings: TrainingSettings
  private let store = ParameterStore()
  private let network: any TrainingNetwork
  private let optimizer: Adam
  /// How steps are done on a GPU; nil for the processor's way, which looks at each loss.
  let gpu: GPUStep?
  private var state: Checkpoint.State
  private var best: [String: [Float]]?
  /// What there is to say of checkpoints that could not be written.
  private(set) var unsaved: [String] = []

  /// - Parameters:
  ///   - fingerprint: names pictures, recipe and backbone; a checkpoint of another is refused.
  ///   - stepsOnDevice: whether steps are done as on a GPU, from features in the device's memory and
  ///     without waiting for it.
  public init(
    _ method: any Trainable, data: TrainingData, settings: TrainingSettings,
    fingerprint: String, stepsOnDevice: Bool = Machine.device == .cuda
  ) throws {
    Machine.reusesMemory()
    guard !data.training.isEmpty else { throw TrainerError("there is no picture to train on") }
    self.data = data
    self.settings = settings
    let generator = try Generator(seed: settings.seed, stream: "parameters")
    network = try method.network(
      store.initialized(by: generator), pictures: data.training.count)
    optimizer = try Adam(
      store.all, settings: settings.adam, rateShares: store.names.map(method.rateShare),
      readsRate: stepsOnDevice)
    gpu =
      stepsOnDevice
      ? try GPUStep(network, optimizer: optimizer, data: data, settings: settings) : nil
    state = Checkpoint.State(fingerprint: fingerprint)
  }

  public var parameterCount: Int { store.elementCount }

  /// Goes on from the checkpoint at `path`; false when there is none.
  public func resume(from path: String) throws -> Bool {
    guard let checkpoint = try Checkpoint.read(from: path, names: store.names) else { return false }
    guard checkpoint.state.fingerprint == state.fingerprint else {
      throw TrainerError.ofAnotherTraining(checkpoint: path)
    }
    try store.assign(checkpoint.parameters)
    try optimizer.restore(checkpoint.optimizer)
    state = checkpoint.state
    best = checkpoint.best
    return true
  }

  /// The epoch, counted from 0, that comes next.
  public var epoch: Int { state.epoch }

  /// Trains to the end: all epochs, or as many steps as the settings' minutes hold.
  ///
  /// - Parameters:
  ///   - checkpoint: where to keep the state; nil for a training too short to be worth it.
  ///   - checkpointSeconds: seconds of training between two checkpoints; 0: one after every epoch.
  ///   - shouldStop: asked before each step.
  ///   - report: called after each step.
  public func run(
    checkpoint: String?, checkpointSeconds: Double = 60, shouldStop: () -> Bool = { false },
    report: (Progress) -> Void = { _ in }
  ) throws -> Outcome {
    let steps = settings.stepsPerEpoch(pictures: data.training.count)
    let clock = RunClock(before: state.seconds, settings)
    var stepsOfRun = 0
    var saved = 0.0
    let limit = settings.minutes > 0 ? settings.minutes * 60 : .infinity
    // What was begun of an epoch is closed, and at least one step is done. Whether time is up is decided
    // by the seconds that the checkpoint holds, so that a resumed training decides alike.
    var isOver = state.seconds >= limit && state.step == 0 && !state.history.epochs.isEmpty
    while state.epoch < settings.epochs, !isOver {
      let order = settings.order(of: data.training, epoch: state.epoch)
      try gpu?.begin(order)
      while state.step < steps {
        if shouldStop() {
          state.seconds = clock.total
          if let checkpoint { try save(to: checkpoint) }
          return .interrupted
        }
        if clock.total >= limit, state.step > 0 { break }
        let first = state.step * settings.batch
        let indices = Array(order[first..<min(first + settings.batch, order.count)])
        let number = state.epoch * steps + state.step
        let progress = max(
          clock.total / limit, Double(number) / Double(steps * settings.epochs))
        optimizer.settings.rate = settings.rate(
          at: number, epoch: state.epoch, progress: progress)
        try network.begin(step: number)
        if let gpu {
          try gpu.run(first..<first + indices.count, number: number)
          state.step += 1
          if gpu.isDue { try readLosses() }
        } else {
          let loss = try step(indices, number: number)
          state.step += 1
          state.lossSum += loss
        }
        stepsOfRun += 1
        report(
          Progress(
            epoch: state.epoch, epochs: settings.epochs, step: state.step, stepsPerEpoch: steps,
            loss: state.lossSum / Double(max(1, state.step - (gpu?.unread ?? 0))),
            heldOut: state.history.epochs.last?.heldOut,
            stepsOfRun: stepsOfRun, secondsOfRun: clock.ofRun))
        if let checkpoint, checkpointSeconds > 0, clock.ofRun - saved >= checkpointSeconds,
          state.step < steps
        {
          state.seconds = clock.total
          saved = try clock.ofRun - keep(at: checkpoint, every: checkpointSeconds)
        }
      }
      try finishEpoch(seconds: clock.total)
      state.seconds = clock.total
      isOver = state.seconds >= limit
      if let checkpoint,
        clock.ofRun - saved >= checkpointSeconds || state.epoch == settings.epochs || isOver
      {
        saved = try clock.ofRun - keep(at: checkpoint, every: checkpointSeconds)
      }
    }
    return .finished(try trained())
  }

  private func step(_ indices: [Int], number: Int) throws -> Double {
    let noise = try Generator(seed: settings.seed, stream: "jitter \(number)")
    let features = try data.trainingBatch(indices)
    let losses = try withBF16Autocast(settings.bf16) {
      try network.losses(features, noise: noise)
    }
    let value = try losses.reduce(0) { try $0 + Double($1.item()) }
    try check(loss: value, "at step \(number)")
    for loss in losses {
      if losses.count == 1 { try optimizer.clearGradients() } else { try optimizer.zeroGradients() }
      try descend(loss, number: number)
    }
    return value
  }

  /// Takes in the losses that added up on the GPU, which has to be waited for.
  private func readLosses() throws {
    guard let gpu, gpu.unread > 0 else { return }
    let count = gpu.unread
    let sum = try gpu.takeLosses()
    try check(loss: sum, "within the last \(counted(count, "step"))")
    state.lossSum += sum
  }

  private func check(loss: Double, _ place: String) throws {
    guard !loss.isFinite else { return }
    throw TrainerError(
      "the loss is \(loss) \(place): lower the learning rate, or clip the gradients")
  }

  /// One optimiser step down `loss`.
  private func descend(_ loss: Tensor, number: Int) throws {
    try loss.backward()
    if settings.clip > 0 {
      let norm = try optimizer.clipGradients(to: settings.clip)
      guard norm.isFinite else {
        throw TrainerError(
          "the gradients are not finite at step \(number): lower the learning rate")
      }
    }
    try optimizer.step()
  }

  /// Ends the epoch after the steps that were done of it.
  private func finishEpoch(seconds: Double) throws {
    try readLosses()
    let heldOut = try heldOutLoss()
    state.history.steps = (state.history.steps ?? 0) + state.step
    state.history.epochs.append(
      LossHistory.Epoch(
        training: state.lossSum / Double(state.step), heldOut: heldOut, seconds: seconds))
    if let heldOut, settings.keep == .best, heldOut < state.bestLoss ?? .infinity {
      state.bestLoss = heldOut
      state.history.kept = state.epoch
      best = try store.values()
    }
    state.epoch += 1
    state.step = 0
    state.lossSum = 0
  }

  /// The mean loss of the held-out pictures, without jitter.
  private func heldOutLoss() throws -> Double? {
    guard !data.heldOut.isEmpty else { return nil }
    var sum = 0.0
    for indices in data.heldOutBatches(of: settings.batch) {
      let features = try data.trainingBatch(indices)
      let loss = try withoutGradient {
        try withBF16Autocast(settings.bf16) { try network.loss(features, noise: nil).item() }
      }
      sum += Double(loss) * Double(indices.count)
    }
    return sum / Double(data.heldOut.count)
  }

  /// Saves on the way. A disk that is full costs the checkpoint and not the training, which says so and tries
  /// again after a minute.
  /// - Returns: how many seconds of the time to the next checkpoint have passed already.
  private func keep(at path: String, every seconds: Double) throws -> Double {
    do {
      try save(to: path)
      return 0
    } catch let problem as FileProblem {
      let text = "the training so far could not be kept, and goes on: \(problem)"
      if unsaved.last != text { unsaved.append(text) }
      return max(0, seconds - 60)
    }
  }

  private func save(to path: String) throws {
    try readLosses()
    try Checkpoint(
      state: state, parameters: store.values(), optimizer: optimizer.state(), best: best
    ).write(to: path, names: store.names)
  }

  private func trained() throws -> TrainedNetwork {
    var history = state.history
    if history.kept == nil { history.kept = max(0, history.epochs.count - 1) }
    let values = try best ?? store.values()
    for name in store.names {
      guard values[name]?.allSatisfy(\.isFinite) == true else {
        throw TrainerError(
          "the trained parameter \(name) is not finite: lower the learning rate, and start anew with "
            + "--force")
      }
    }
    return TrainedNetwork(
      names: store.names,
      shapes: Dictionary(
        uniqueKeysWithValues: zip(store.names, store.all.map(\.shape))),
      values: values, history: history)
  }
}

extension Generator {
  /// A stream of LibTorch's random numbers of its own for each purpose.
  convenience init(seed: UInt64, stream: String) throws {
    var seeds = SeededGenerator(seed: seed, stream: stream)
    try self.init(seed: seeds.next())
  }
}

public struct TrainerError: Error, CustomStringConvertible, Sendable {
  public let description: String

  init(_ description: String) {
    self.description = description
  }

  static func ofAnotherTraining(checkpoint path: String) -> TrainerError {
    TrainerError(
      "\(path) is of a training with other pictures, another recipe or another backbone. Give the "
        + "same ones to go on; to start anew, say --force in training, or remove that file")
  }
}
