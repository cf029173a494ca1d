import Networks
import NormaCore
import Torch

/// The features that a training sees: a store, which of its pictures to learn from and which to hold
/// out, and how they are standardised.
public struct TrainingData {
  public let store: FeatureStore
  /// Indices into the store.
  public let training: [Int]
  public let heldOut: [Int]
  /// One for each level, or nil for features as they are.
  public let standardization: [Standardization]?
  /// Where in the store the pictures' textured twins begin, in the order of the pictures; nil where
  /// there are none.
  public let twins: Int?
  /// What a network is to give for each picture, by the same indices, where that is not the features
  /// themselves; its maps come after theirs in each batch.
  public let targets: FeatureStore?
  /// The number of each picture's category, by its index in the store; empty where nobody asks for it.
  public let categories: [Int: Int]

  public init(
    store: FeatureStore, training: [Int], heldOut: [Int], standardization: [Standardization]?,
    twins: Int? = nil, targets: FeatureStore? = nil, categories: [Int: Int] = [:]
  ) {
    self.store = store
    self.training = training
    self.heldOut = heldOut
    self.standardization = standardization
    self.twins = twins
    self.targets = targets
    self.categories = categories
  }

  /// The maps of the pictures at `indices`, standardised.
  public func batch(_ indices: [Int]) throws -> [Tensor] {
    try standardized(store.batch(indices)) + (targets?.batch(indices) ?? [])
  }

  /// The same for pictures that the device names, from its memory.
  public func batch(rows: Tensor) throws -> [Tensor] {
    try standardized(store.batch(rows: rows)) + (targets?.batch(rows: rows) ?? [])
  }

  /// The held-out pictures in batches, drawn as training's are: pictures of all categories in each, in
  /// the same order always. (What URA-Net makes up for a picture is pasted from others of its batch.)
  public func heldOutBatches(of size: Int) -> [[Int]] {
    var (order, generator) = (heldOut, SeededGenerator(seed: 0, stream: "held out"))
    generator.shuffle(&order)
    return stride(from: 0, to: order.count, by: size).map {
      Array(order[$0..<min($0 + size, order.count)])
    }
  }

  /// What a network learns from: the maps of the pictures at `indices`, then, where there are twins,
  /// those of their twins, standardised as the pictures are.
  public func trainingBatch(_ indices: [Int]) throws -> [Tensor] {
    guard let twins else { return try batch(indices) }
    return try batch(indices) + batch(indices.map { $0 + twins })
  }

  /// The same for pictures that the device names.
  public func trainingBatch(rows: Tensor) throws -> [Tensor] {
    guard let twins else { return try batch(rows: rows) }
    return try batch(rows: rows) + batch(rows: rows + Tensor(rows: [twins]))
  }

  private func standardized(_ maps: [Tensor]) throws -> [Tensor] {
    guard let standardization else { return maps }
    return try zip(maps, standardization).map { try $1($0) }
  }
}
