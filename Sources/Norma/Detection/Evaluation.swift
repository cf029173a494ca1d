import NormaCore
import NormaFiles

/// What an evaluation found on a data set's test pictures.
public struct Evaluation: Sendable {
  public var result: EvaluationResult
  /// Every picture that could be read, in the data set's order.
  public var pictures: [EvaluatedPicture]
  /// Test pictures, masks and folders of them that could not be read or used.
  public var unreadable: [FileProblem]
  /// What a person should know about how the numbers came about.
  public var notes: [String]
  /// The share of pictures whose nearest category, by mean trunk feature, is their own; nil when the
  /// model cannot tell.
  public var autoAccuracy: Double?
  /// What it is worth to send the least sure pictures to a person; nil when the model does not know how
  /// sure it is, or has no threshold.
  public var review: ReviewDial?
  /// How far the model's probabilities of a token to be anomalous hold, on the pictures that the pixel
  /// metrics are of; nil when it gives none, or no category has masks.
  public var reliability: ReliabilityDiagram?

  /// The pictures of one category.
  public func pictures(of category: String) -> [EvaluatedPicture] {
    pictures.filter { $0.sample.category == category }
  }
}

/// One test picture and what the model said of it.
public struct EvaluatedPicture: Sendable, Hashable {
  public var sample: Sample
  public var score: Float
  /// The share of normal pictures of its category that score as high; nil when uncalibrated.
  public var pValue: Double?
  /// The category that it was taken for; nil when the model cannot tell.
  public var recognized: String?
  /// How uncertain the shared threshold's verdict is; nil when the model does not know.
  public var uncertainty: Float?
}
