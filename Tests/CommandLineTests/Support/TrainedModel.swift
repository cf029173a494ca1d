import Foundation

/// A model that several tests look at: trained once, then copied for each of them.
struct TrainedModel: Sendable {
  private let original: Workshop

  static let shared = Task { () -> TrainedModel in
    let workshop = try Workshop()
    try workshop.makeProducts()
    let trained = try await workshop.norma(
      "train", "products", "--output", "line.norma", "--recipe", "tiny.yaml")
    guard trained.status == 0 else { throw TrainingFailed(description: "\(trained)") }
    // Tests end by exit(), which takes nothing away that is held to the end.
    leftover = workshop.path
    atexit { TrainedModel.leftover.map { try? FileManager.default.removeItem(atPath: $0) } }
    return TrainedModel(original: workshop)
  }

  /// Written once, before the process ends.
  nonisolated(unsafe) private static var leftover: String?

  struct TrainingFailed: Error, CustomStringConvertible {
    var description: String
  }

  /// A workshop with a copy of the products and of the model `line.norma`.
  func workshop() throws -> Workshop {
    let copy = try Workshop(home: original.home)
    for name in ["products", "line.norma"] {
      try FileManager.default.copyItem(
        atPath: original.path + "/" + name, toPath: copy.path + "/" + name)
    }
    return copy
  }
}
