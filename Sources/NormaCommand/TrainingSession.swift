import CommandLineBasics
import NormaCore
import NormaTraining

/// A training from pictures to model folder: here the OpenVINO trunk and the trainer meet.
struct TrainingSession {
  let plan: TrainingPlan
  let cancellation: Cancellation
  var recipe: Recipe { plan.recipe }

  init(_ plan: TrainingPlan, cancellation: Cancellation) {
    self.plan = plan
    self.cancellation = cancellation
  }

  func run() throws {
    let lock = try plan.place.lockedWorkFolder()
    defer { withExtendedLifetime(lock) {} }
    let pictures = plan.dataset.train.filter { !$0.label.isAnomalous }
    let fingerprint = try PictureFingerprint.of(
      pictures, root: plan.dataset.root, cancellation: cancellation)
    let features = PictureFeatures(plan, cancellation: cancellation)
    let key = features.key(of: pictures, fingerprint: fingerprint)
    let (store, usable) = try features.store(of: pictures, key: key)
    let split = SplitPictures(store, samples: pictures, usable: usable, recipe: recipe)
    let network =
      try plan.reused.map { try taken($0, fingerprint: fingerprint) }
      ?? TrainingRun(
        recipe: recipe, method: plan.method, pictures: split,
        settings: TrainingSettings(recipe.training), output: plan.place, stopped: plan.stopped,
        context: JobContext(observer: TerminalObserver(), cancellation: cancellation)
      ).network(features: key, root: plan.dataset.root)
    let model = TrainedModel(
      plan: plan, pictures: split, network: network, fingerprint: fingerprint)
    try model.write(cancellation: cancellation)
    plan.place.removeWorkFolder()
  }

  private func taken(_ reused: ReusedNetwork, fingerprint: String) throws -> TrainedNetwork {
    let network = try reused.network(fingerprint: fingerprint)
    plan.tell("The network is that of \(reused.model.path); it is not trained again.")
    return network
  }
}
