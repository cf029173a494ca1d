/// RAS as a detector.
public struct RASMethod: FeatureReconstruction, Equatable {
  public var configuration: RASConfiguration
  public var scorePooling = 16
  public var residual = Residual.norm

  public init(_ configuration: RASConfiguration) {
    self.configuration = configuration
  }

  public var grid: Grid { configuration.grid }
  public var jitter: Float {
    get { configuration.jitter }
    set { configuration.jitter = newValue }
  }

  public func reconstructor<V: Value>(
    _ parameters: Parameters<V>
  ) throws -> any ReconstructingNetwork<V> {
    try RAS(configuration, parameters)
  }
}
