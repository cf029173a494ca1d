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
  /// What a network is to give for each picture, by the same indices, where that is not the features
  /// themselves; its maps come after theirs in each batch.
  public let targets: FeatureStore?

  public init(
    store: FeatureStore, training: [Int], heldOut: [Int], standardization: [Standardization]?,
    targets: FeatureStore? = nil
  ) {
    self.store = store
    self.training = training
    self.heldOut = heldOut
    self.standardization = standardization
    self.targets = targets
  }

  /// The maps of the pictures at `indices`, standardised.
  public func batch(_ indices: [Int]) throws -> [Tensor] {
    try standardized(store.batch(indices)) + (targets?.batch(indices) ?? [])
  }

  /// The same for pictures that the device names, from its memory.
  public func batch(rows: Tensor) throws -> [Tensor] {
    try standardized(store.batch(rows: rows)) + (targets?.batch(rows: rows) ?? [])
  }

  private func standardized(_ maps: [Tensor]) throws -> [Tensor] {
    guard let standardization else { return maps }
    return try zip(maps, standardization).map { try $1($0) }
  }
}
