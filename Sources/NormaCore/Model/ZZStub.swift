// TEMP
public struct LossHistory: Codable, Equatable, Sendable {
  public struct Epoch: Codable, Equatable, Sendable {
    public var training: Double
    public var heldOut: Double?
    public var seconds: Double
    public init(training: Double, heldOut: Double?, seconds: Double) {
      (self.training, self.heldOut, self.seconds) = (training, heldOut, seconds)
    }
  }
  public var epochs: [Epoch] = []
  public var kept: Int?
  public var steps: Int?
  public var fitSeconds: Double?
  public var seconds: Double? { fitSeconds ?? epochs.last?.seconds }
  public init() {}
}
public struct TrainingRecord {
  public var history: LossHistory
  public var trainingPictures: Int
  public var heldOutPictures: Int
  public static func read(from: ModelFolder) throws -> TrainingRecord? { nil }
}
