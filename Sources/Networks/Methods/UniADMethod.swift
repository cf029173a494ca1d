/// UniAD as a detector; map and score are RAS's.
public struct UniADMethod: FeatureReconstruction, Equatable {
  public var configuration: UniADConfiguration
  public var scorePooling = 16
  public var residual = Residual.norm

  public init(_ configuration: UniADConfiguration) {
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
    try UniAD(configuration, parameters)
  }
}
