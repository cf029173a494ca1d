import Testing
import Torch

/// The fused kernels against the papers' formulas, computed here in double precision.
struct AdamTests {
  /// What Adam does to one number whose gradient is `gradients[k]` at step k.
  private func reference(
    start: Double, gradients: [Double], settings: Adam.Settings
  ) -> Double {
    var (x, mean, square) = (start, 0.0, 0.0)
    for (index, raw) in gradients.enumerated() {
      var gradient = raw
      if settings.decoupled {
        x -= settings.rate * settings.weightDecay * x
      } else {
        gradient += settings.weightDecay * x
      }
      mean = settings.beta1 * mean + (1 - settings.beta1) * gradient
      square = settings.beta2 * square + (1 - settings.beta2) * gradient * gradient
      let step = Double(index + 1)
      let unbiasedMean = mean / (1 - pow(settings.beta1, step))
      let unbiasedSquare = square / (1 - pow(settings.beta2, step))
      x -= settings.rate * unbiasedMean / (unbiasedSquare.squareRoot() + settings.epsilon)
    }
    return x
  }

  private func pow(_ base: Double, _ exponent: Double) -> Double {
    (0..<Int(exponent)).reduce(1) { product, _ in product * base }
  }

  @Test(arguments: [true, false])
  func followsTheFormulas(decoupled: Bool) throws {
    let settings = Adam.Settings(
      rate: 0.05, beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.5, decoupled: decoupled)
    let start: [Float] = [1, -2, 0.5]
    let slopes: [[Float]] = [[0.3, -1, 2], [0.1, 4, -2], [-0.7, 0.01, 1], [5, 0, 0.2]]
    let parameter = try Tensor(start, shape: [3])
    try parameter.requireGradient()
    let adam = try Adam([parameter], settings: settings)
    for slope in slopes {
      try adam.clearGradients()
      // The derivative of Σ slope·x is the slope.
      try (parameter * Tensor(slope, shape: [3])).sum(axes: [0]).reshaped([]).backward()
      try adam.step()
    }
    let moved = try parameter.floats()
    for index in start.indices {
      let expected = reference(
        start: Double(start[index]), gradients: slopes.map { Double($0[index]) },
        settings: settings)
      #expect(abs(Double(moved[index]) - expected) < 1e-5)
    }
  }

  /// StableAdamW, with and without the memory of the largest mean square.
  @Test(arguments: [true, false], [true, false])
  func theStableOneHoldsBackLargeSteps(amsgrad: Bool, readsRate: Bool) throws {
    let settings = Adam.Settings(
      rate: 0.05, beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.5, amsgrad: amsgrad,
      stable: true)
    let start: [Double] = [1, -2, 0.5]
    // The third gradient is far larger than those before, the later ones far smaller.
    let slopes: [[Double]] = [
      [0.3, -1, 2], [0.1, 4, -2], [-70, 0.01, 1], [0.5, 0, 0.2], [0.1, 0, 0],
    ]
    let parameter = try Tensor(start.map(Float.init), shape: [3])
    try parameter.requireGradient()
    let adam = try Adam([parameter], settings: settings, readsRate: readsRate)
    var x = start
    var (mean, square, largest) = ([0.0, 0, 0], [0.0, 0, 0], [0.0, 0, 0])
    var held = 0
    for (index, slope) in slopes.enumerated() {
      try adam.clearGradients()
      try (parameter * Tensor(slope.map(Float.init), shape: [3])).sum(axes: [0]).reshaped([])
        .backward()
      try adam.step()

      let step = Double(index + 1)
      let (rise, root) = (1 - pow(0.8, step), (1 - pow(0.95, step)).squareRoot())
      var scales: [Double] = []
      for place in x.indices {
        mean[place] = 0.8 * mean[place] + 0.2 * slope[place]
        square[place] = 0.95 * square[place] + 0.05 * slope[place] * slope[place]
        largest[place] = max(largest[place], square[place])
        scales.append((amsgrad ? largest : square)[place].squareRoot() / root + 1e-3)
      }
      let ratios = zip(slope, scales).map { ($0 / $1) * ($0 / $1) }
      let excess = max(1, (ratios.reduce(0, +) / 3).squareRoot())
      held += excess > 1 ? 1 : 0
      for place in x.indices {
        x[place] *= 1 - 0.05 * 0.5
        x[place] -= 0.05 / rise / excess * mean[place] / scales[place]
      }
      for (a, b) in zip(try parameter.floats(), x) { #expect(abs(Double(a) - b) < 1e-5) }
    }
    #expect(held > 0 && held < slopes.count)
  }

  /// The fused kernel with a memory, where the gradient becomes small.
  @Test func theLargestMeanSquareIsRemembered() throws {
    func moved(_ amsgrad: Bool) throws -> Float {
      let parameter = try Tensor([0], shape: [1])
      try parameter.requireGradient()
      let adam = try Adam(
        [parameter], settings: .init(rate: 0.1, beta2: 0.5, amsgrad: amsgrad))
      for slope: Float in [100, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1] {
        try adam.clearGradients()
        try (parameter * Tensor([slope], shape: [1])).reshaped([]).backward()
        try adam.step()
      }
      return try parameter.item()
    }
    #expect(try abs(moved(true)) < abs(moved(false)))
  }

  @Test(arguments: [true, false])
  func aShareOfTheRateIsARateOfItsOwn(readsRate: Bool) throws {
    func moved(rate: Double, shares: [Double]?) throws -> [[Float]] {
      let parameters = try (0..<3).map { try Tensor([1, -2, Float($0) + 0.5], shape: [3]) }
      for parameter in parameters { try parameter.requireGradient() }
      let adam = try Adam(
        parameters, settings: .init(rate: 1, weightDecay: 0.1), rateShares: shares,
        readsRate: readsRate)
      for step in 1...4 {
        try adam.clearGradients()
        for parameter in parameters {
          try (parameter * parameter).sum(axes: [0]).reshaped([]).backward()
        }
        adam.settings.rate = rate / Double(step)
        try adam.step()
      }
      return try parameters.map { try $0.floats() }
    }
    let (whole, quarter) = try (moved(rate: 0.1, shares: nil), moved(rate: 0.025, shares: nil))
    let shared = try moved(rate: 0.1, shares: [0.25, 1, 0.25])
    #expect(shared == [quarter[0], whole[1], quarter[2]] && quarter != whole)
  }

  @Test func everyParameterHasAShareOrNone() throws {
    #expect(throws: TorchError.self) {
      try Adam([Tensor([1], shape: [1])], settings: .init(rate: 0.1), rateShares: [1, 1])
    }
  }

  @Test func leavesAloneWhatTheLossDoesNotReach() throws {
    let reached = try Tensor([1], shape: [1])
    let unreached = try Tensor([1], shape: [1])
    for parameter in [reached, unreached] { try parameter.requireGradient() }
    let adam = try Adam(
      [reached, unreached], settings: .init(rate: 0.1, weightDecay: 0.5))
    try (reached * reached).reshaped([]).backward()
    try adam.step()
    #expect(try unreached.floats() == [1])
    #expect(try reached.floats() != [1])
  }

  @Test func clipsTheJointNorm() throws {
    let parameters = try [Tensor([3], shape: [1]), Tensor([4], shape: [1])]
    for parameter in parameters { try parameter.requireGradient() }
    // The gradient of ½x² is x: the joint norm is 5.
    let squares = try parameters.map { try ($0 * $0).affine(scale: 0.5, offset: 0) }
    try (squares[0] + squares[1]).reshaped([]).backward()
    let adam = try Adam(parameters, settings: .init(rate: 0.1))
    #expect(try abs(adam.clipGradients(to: 1) - 5) < 1e-5)
    let clipped = try parameters.map { try #require(try $0.gradient()).item() }
    #expect(abs(clipped[0] - 0.6) < 1e-5 && abs(clipped[1] - 0.8) < 1e-5)
    #expect(try abs(adam.clipGradients(to: 10) - 1) < 1e-5)
    let untouched = try parameters.map { try #require(try $0.gradient()).item() }
    #expect(untouched == clipped)
  }

  @Test(arguments: [false, true])
  func aRestoredStateGoesOnTheSame(stable: Bool) throws {
    func run(interrupted: Bool) throws -> [Float] {
      let parameter = try Tensor([1, 2, 3], shape: [3])
      try parameter.requireGradient()
      var adam = try Adam(
        [parameter],
        settings: .init(rate: 0.1, weightDecay: 0.1, amsgrad: stable, stable: stable))
      for step in 0..<6 {
        if interrupted && step == 3 {
          let state = try adam.state()
          adam = try Adam([parameter], settings: adam.settings)
          try adam.restore(state)
        }
        try adam.clearGradients()
        try (parameter * parameter).sum(axes: [0]).reshaped([]).backward()
        try adam.step()
      }
      return try parameter.floats()
    }
    #expect(try run(interrupted: true) == run(interrupted: false))
  }

  @Test func refusesAnotherStatesSize() throws {
    let adam = try Adam([Tensor([1], shape: [1])], settings: .init(rate: 0.1))
    #expect(throws: TorchError.self) {
      try adam.restore(Adam.State(means: [], squares: [], steps: []))
    }
    // One that remembers the largest squares is not served by a state without them.
    let state = try adam.state()
    let other = try Adam(
      [Tensor([1], shape: [1])], settings: .init(rate: 0.1, amsgrad: true))
    #expect(throws: TorchError.self) { try other.restore(state) }
  }
}
