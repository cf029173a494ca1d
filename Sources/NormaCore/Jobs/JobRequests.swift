import Foundation
import NormaFiles

/// What somebody wants of a recipe: one by its name or file, and what is to be otherwise than it says.
public struct RecipeOptions: Sendable, Equatable {
  /// The name of one that comes with Norma, or a .yaml file; nil: the default.
  public var name: String?
  public var backbone: String?
  public var epochs: Int?
  public var batch: Int?
  public var seed: Int?
  /// Side of the square that pictures are resized to, in pixels.
  public var imageSize: Int?

  public init(
    name: String? = nil, backbone: String? = nil, epochs: Int? = nil, batch: Int? = nil,
    seed: Int? = nil, imageSize: Int? = nil
  ) {
    (self.name, self.backbone, self.epochs) = (name, backbone, epochs)
    (self.batch, self.seed, self.imageSize) = (batch, seed, imageSize)
  }

  /// The recipe with these options; not validated.
  ///
  /// - Parameter other: the recipe where none is named; nil: the default.
  /// - Throws: what reading the recipe throws.
  public func recipe(instead other: Recipe? = nil) throws -> Recipe {
    var recipe = try other.flatMap { name == nil ? $0 : nil } ?? Recipe.named(name)
    if let backbone { recipe.backbone.name = backbone }
    if let epochs { recipe.training.epochs = epochs }
    if let batch { recipe.training.batch = batch }
    if let seed { recipe.training.seed = seed }
    if let imageSize { recipe.backbone.imageSize = imageSize }
    return recipe
  }
}

/// A job that cannot be, as it was asked for: the request is wrong, not the data.
public struct UsageProblem: Error, CustomStringConvertible, Sendable, Equatable {
  /// A sentence for the person who asked.
  public let description: String

  public init(_ description: String) { self.description = description }
}

/// A job that came to nothing, in words for the person who asked: what was found, and what to do.
public struct JobFailure: Error, CustomStringConvertible, Sendable, Equatable {
  public let description: String

  public init(_ description: String) { self.description = description }
}

/// Where a training puts its model, and its state while it is under way.
public struct TrainingOutput: Sendable {
  /// The model folder to write.
  public let model: String
  /// Go on where an earlier training of this output stopped.
  public let resume: Bool
  /// Start anew, whatever an earlier training left.
  public let force: Bool

  public static let checkpointName = "checkpoint.safetensors"
  /// The state of a training under way lies here, beside the output.
  public var workFolder: String { model + ".training" }
  public var checkpoint: String { workFolder + "/" + Self.checkpointName }

  public init(model: String, resume: Bool, force: Bool) {
    (self.model, self.resume, self.force) = (FilePath.absolute(model), resume, force)
  }

  /// An output whose training goes on if one was begun.
  public static func goingOn(_ model: String) -> TrainingOutput {
    let output = TrainingOutput(model: model, resume: true, force: false)
    return TrainingOutput(
      model: model, resume: FilePath.exists(output.checkpoint), force: false)
  }

  /// Refuses to overwrite; removes nothing.
  public func check() throws {
    let exists = FilePath.exists(model)
    let started = FilePath.exists(checkpoint)
    if force {
      guard !exists || ModelFolder.isModel(model) else {
        throw FileProblem(
          path: model, reason: "it is not a model, and --force replaces nothing else")
      }
      return
    }
    if exists && !(resume && started) {
      throw FileProblem(
        path: model,
        reason: resume
          ? "the model is finished: there is nothing to resume; --force trains it anew"
          : "the output exists; --force replaces it")
    }
    if started && !resume {
      throw FileProblem(
        path: model,
        reason: "an interrupted training of it was found; --resume goes on, --force starts anew")
    }
  }

  /// The folder of this training's state, made, and locked against a second training of the same
  /// output. Made before any work, so that an output that cannot be written is known at once.
  public func lockedWorkFolder() throws -> FileLock {
    try FilePath.createFolder(workFolder)
    guard let lock = try FileLock(workFolder + "/lock") else {
      throw FileProblem(
        path: model, reason: "another training is writing it; wait for that one, or stop it")
    }
    return lock
  }

  /// By another name first: a kill half-way must not look like an interrupted training.
  public func removeWorkFolder() {
    let done = workFolder + ".done"
    guard rename(workFolder, done) == 0 else { return }
    try? FileManager.default.removeItem(atPath: done)
  }

  /// What is said when the training was stopped.
  public var stopped: String {
    "Stopped. The training so far is kept; the same command with --resume"
      + (force ? " (instead of --force)" : "") + " goes on."
  }
}

extension Dataset {
  /// What models are tested on: the categories asked for; else those that all of them were trained on,
  /// if the data set has any of these. What is left out is said in the
  /// notes.
  /// - Throws: `DatasetProblem` for a category that is not there.
  public func tested(on wanted: [String]?, by models: [Manifest]) throws -> Dataset {
    if let wanted { return try selecting(categories: wanted) }
    let others = categories.filter { name in
      models.contains { !$0.categories.contains(name) }
    }
    guard !others.isEmpty else { return self }
    let (subject, all) = models.count == 1 ? ("the model was", "") : ("the models were", "all ")
    guard others.count < categories.count else {
      let known = Set(models.flatMap(\.categories)).sorted().joined(separator: ", ")
      return noting(
        "\(subject) trained on \(known), the data set has "
          + "\(others.joined(separator: ", ")); all of it is measured")
    }
    return try selecting(categories: categories.filter { !others.contains($0) }).noting(
      "left out, because \(subject) not \(all)trained on it: "
        + "\(others.joined(separator: ", ")); name categories with --categories to measure them")
  }

  private func noting(_ note: String) -> Dataset {
    var dataset = self
    dataset.remarks.insert(DatasetRemark(note), at: 0)
    return dataset
  }
}
