internal import CTorch

/// Adam (Kingma and Ba, 2015) and AdamW (Loshchilov and Hutter, 2019) by LibTorch's fused kernels, and
/// StableAdamW (Wortsman et al., "Stable and low-precision training for large-scale vision-language models",
/// 2023). A parameter that the loss did not reach is left as it is, decay included.
public final class Adam {
  public struct Settings: Sendable, Equatable {
    public var rate: Double
    public var beta1: Double
    public var beta2: Double
    public var epsilon: Double
    public var weightDecay: Double
    /// Decay apart from the gradient: AdamW. Otherwise it is added to the gradient: Adam.
    public var decoupled: Bool
    /// The largest mean square of a gradient so far stands for the present one (Reddi et al., "On the
    /// convergence of Adam and beyond", 2018).
    public var amsgrad: Bool
    /// StableAdamW: a parameter's step is divided by max(1, RMS(g / √v̂)), so that a gradient that is much
    /// larger than the ones before does not throw it. Its decay is apart from the gradient.
    public var stable: Bool

    public init(
      rate: Double, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
      weightDecay: Double = 0, decoupled: Bool = true, amsgrad: Bool = false, stable: Bool = false
    ) {
      self.rate = rate
      self.beta1 = beta1
      self.beta2 = beta2
      self.epsilon = epsilon
      self.weightDecay = weightDecay
      self.decoupled = decoupled
      self.amsgrad = amsgrad
      self.stable = stable
    }
  }

  public var settings: Settings
  private let parameters: [Tensor]
  private let means: [Tensor]
  private let squares: [Tensor]
  /// Of the squares; empty without AMSGrad.
  private let maxima: [Tensor]
  private let steps: [Tensor]
  private let groups: [Group]
  private var placedRate: Double?

  /// Parameters that learn at the same rate, by their places among all.
  private struct Group {
    var share: Double
    var places: [Int]
    /// The rate where the kernels read it; nil where they are told.
    var rate: Tensor?
  }

  /// - Parameters:
  ///   - rateShares: for each parameter, what part of the settings' rate it learns at; nil: the whole.
  ///   - readsRate: whether the kernels read the rate from the device, so that a recorded step goes by
  ///     the rate of the day.
  public init(
    _ parameters: [Tensor], settings: Settings, rateShares: [Double]? = nil,
    readsRate: Bool = Machine.device == .cuda
  ) throws {
    let shares = rateShares ?? Array(repeating: 1, count: parameters.count)
    guard shares.count == parameters.count else {
      throw TorchError("\(shares.count) shares of the rate for \(parameters.count) parameters")
    }
    self.settings = settings
    groups = try Dictionary(grouping: shares.indices) { shares[$0] }
      .sorted { $0.key > $1.key }.map { share, places in
        Group(
          share: share, places: places,
          rate: readsRate ? try Tensor(repeating: 0, shape: [1]).reshaped([]) : nil)
      }
    self.parameters = parameters
    means = try parameters.map { try Tensor(repeating: 0, shape: $0.shape) }
    squares = try parameters.map { try Tensor(repeating: 0, shape: $0.shape) }
    maxima =
      settings.amsgrad ? try parameters.map { try Tensor(repeating: 0, shape: $0.shape) } : []
    steps = try parameters.map { _ in try Tensor(repeating: 0, shape: [1]).reshaped([]) }
  }

  /// Forgets the gradients of the last step.
  public func clearGradients() throws {
    for parameter in parameters { try parameter.clearGradient() }
  }

  /// Gradients of zeros instead of none: a parameter that the next loss does not reach goes on by its
  /// moments.
  public func zeroGradients() throws {
    for parameter in parameters { try parameter.zeroGradient() }
  }

  /// Scales the gradients so that their joint norm is at most `maximum`; gives the norm before.
  @discardableResult
  public func clipGradients(to maximum: Float) throws -> Float {
    let handles = parameters.map(\.handle)
    var norm: Float = 0
    try check(ctorch_clip_gradients(handles, Int32(handles.count), maximum, &norm))
    return norm
  }

  /// The same without saying the norm, and so without waiting for a GPU. Gradients that are not
  /// finite make the parameters so, and the next loss.
  public func limitGradients(to maximum: Float) throws {
    let handles = parameters.map(\.handle)
    try check(ctorch_limit_gradients(handles, Int32(handles.count), maximum))
  }

  /// Brings the settings' rate to the device, if it is read there and has changed. A replayed step does
  /// not do that by itself.
  public func placeRate() throws {
    guard placedRate != settings.rate else { return }
    for group in groups { try group.rate?.fill(Float(settings.rate * group.share)) }
    placedRate = settings.rate
  }

  public func step() throws {
    try placeRate()
    for group in groups { try step(group) }
  }

  private func step(_ group: Group) throws {
    func handles(_ tensors: [Tensor]) -> [CTorchTensor] { group.places.map { tensors[$0].handle } }
    let largest: [CTorchTensor] = maxima.isEmpty ? [] : handles(maxima)
    let step = settings.stable ? ctorch_stable_adam_step : ctorch_adam_step
    try check(
      step(
        handles(parameters), handles(means), handles(squares), largest, handles(steps),
        Int32(group.places.count), group.rate?.handle,
        CTorchAdam(
          rate: settings.rate * group.share, beta1: settings.beta1, beta2: settings.beta2,
          epsilon: settings.epsilon, weight_decay: settings.weightDecay,
          decoupled: settings.decoupled, amsgrad: !maxima.isEmpty)))
  }

  /// The moments and step counts, one array a parameter, in the parameters' order.
  public struct State: Sendable {
    public var means: [[Float]]
    public var squares: [[Float]]
    public var steps: [Float]
    /// The largest squares; empty without AMSGrad.
    public var maxima: [[Float]]

    public init(
      means: [[Float]], squares: [[Float]], steps: [Float], maxima: [[Float]] = []
    ) {
      self.means = means
      self.squares = squares
      self.steps = steps
      self.maxima = maxima
    }
  }

  public func state() throws -> State {
    try State(
      means: means.map { try $0.floats() }, squares: squares.map { try $0.floats() },
      steps: steps.map { try $0.item() }, maxima: maxima.map { try $0.floats() })
  }

  /// Goes on from `state`; throws when it belongs to other parameters.
  public func restore(_ state: State) throws {
    guard
      state.means.count == parameters.count, state.squares.count == parameters.count,
      state.steps.count == parameters.count, state.maxima.count == maxima.count
    else {
      throw TorchError(
        "the optimiser's state is of \(state.steps.count) parameters, not \(parameters.count)")
    }
    for (index, step) in state.steps.enumerated() {
      try means[index].assign(state.means[index])
      try squares[index].assign(state.squares[index])
      try steps[index].assign([step])
    }
    for (tensor, values) in zip(maxima, state.maxima) { try tensor.assign(values) }
  }
}
