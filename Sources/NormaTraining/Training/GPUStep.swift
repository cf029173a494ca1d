import NormaCore
import Torch

/// Optimiser steps that never wait for the GPU: pictures are gathered, gradients cut and the rate read
/// there, and losses add up there until somebody asks. The first steps run operation by operation; then
/// one is recorded, and the later ones replay it.
///
/// Where nothing can be recorded, all steps run as the first ones do. So they do on a processor.
final class GPUStep {
  private let network: any TrainingNetwork
  private let optimizer: Adam
  private let data: TrainingData
  private let settings: TrainingSettings
  private let noise: Generator
  private let losses: Tensor
  /// The pictures of the epoch, in order.
  private var order: Tensor?
  /// Those of the step at hand, always in the same place.
  private var rows: Tensor?
  private var recording: Recording?
  private var mayRecord: Bool
  private var rehearsed = 0
  /// Why no step can be recorded, once that was tried.
  private(set) var obstacle: String?
  /// Steps whose losses nobody has read.
  private(set) var unread = 0

  /// Steps before the recording: what is allocated, chosen or loaded at first use is then done.
  private static let rehearsals = 3
  /// Steps between two looks at the losses.
  private static let patience = 25

  init(
    _ network: any TrainingNetwork, optimizer: Adam, data: TrainingData, settings: TrainingSettings
  ) throws {
    self.network = network
    self.optimizer = optimizer
    self.data = data
    self.settings = settings
    noise = try Generator(seed: settings.seed, onDevice: true)
    losses = try Tensor(repeating: 0, shape: [1]).reshaped([])
    mayRecord = Recording.isPossible && network.isRecordable
  }

  deinit { if mayRecord, recording == nil { Recording.cancel() } }

  /// - Parameter order: the epoch's pictures, in the order in which they are taken.
  func begin(_ order: [Int]) throws { self.order = try Tensor(rows: order) }

  var isDue: Bool { unread >= Self.patience }

  /// The sum of the unread losses. Waits for the GPU.
  func takeLosses() throws -> Double {
    let sum = Double(try losses.item())
    try losses.fill(0)
    unread = 0
    return sum
  }

  /// One step on the pictures at `places` of the epoch's order, at the rate of the optimiser's settings.
  ///
  /// - Parameter number: of the step in the whole training; its noise depends on it.
  func run(_ places: Range<Int>, number: Int) throws {
    guard let order else { throw TrainerError("a step before its epoch has begun") }
    let rows = try rows ?? Tensor(rows: Array(repeating: 0, count: places.count))
    self.rows = rows
    try rows.copy(from: order.sliced(axis: 0, places))
    try optimizer.placeRate()
    try reseed(number)
    if mayRecord, recording == nil, rehearsed >= Self.rehearsals {
      try record(rows, number: number)
    }
    if let recording {
      try recording.replay()
    } else {
      if mayRecord, rehearsed == Self.rehearsals - 1 { Recording.prepare() }
      try compute(rows)
      rehearsed += 1
    }
    unread += 1
  }

  private func reseed(_ number: Int) throws {
    var seeds = SeededGenerator(seed: settings.seed, stream: "jitter \(number)")
    try noise.reseed(seeds.next())
  }

  /// A GPU that refuses goes on step by step, more slowly.
  private func record(_ rows: Tensor, number: Int) throws {
    do {
      recording = try Recording(noise: noise) { try compute(rows) }
    } catch {
      mayRecord = false
      Recording.cancel()
      obstacle = "the step cannot be recorded, so each operation is started by itself: \(error)"
      try reseed(number)
    }
  }

  private func compute(_ rows: Tensor) throws {
    let features = try data.trainingBatch(rows: rows)
    let parts = try withBF16Autocast(settings.bf16) {
      try network.losses(features, noise: noise)
    }
    for loss in parts { try losses.accumulate(loss) }
    for loss in parts {
      if parts.count == 1 { try optimizer.clearGradients() } else { try optimizer.zeroGradients() }
      try loss.backward()
      if settings.clip > 0 { try optimizer.limitGradients(to: settings.clip) }
      try optimizer.step()
    }
  }
}
