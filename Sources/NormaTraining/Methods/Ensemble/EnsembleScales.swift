import Networks
import NormaCore
import Torch

/// Measures what one unit of each member's map and score is: their deviations over normal pictures, which
/// a member has not learned from where that tells a difference.
///
/// - Where pictures are held out, it is measured on these.
/// - Where none are, a fit is made once more without a fifth of the pictures and measured on that fifth: a
///   bank finds the pictures that it is made of in itself. A network that rebuilds remembers no picture, and
///   is measured on those that it learned from.
/// - Where the scales are known already, they are these.
///
/// A deviation over all pixels of all pictures together is used, and not one for each category: thresholds
/// by category come later, from the scores.
struct EnsembleScales {
  private let method: EnsembleMethod
  private let data: TrainingData
  private let seed: UInt64

  /// Pictures that are looked at, at most; evenly taken, of all categories.
  private static let most = 200
  /// The part of the pictures that a fit is made without is one over this.
  private static let parts = 5
  private static let batch = 16

  init(_ method: EnsembleMethod, data: TrainingData, seed: UInt64) {
    (self.method, self.data, self.seed) = (method, data, seed)
  }

  /// What a member is measured on, and what it is fitted to again for that; nil: not again.
  private func pictures(for index: Int) -> (measured: [Int], fitted: [Int]?) {
    if !data.heldOut.isEmpty { return (Self.evenly(data.heldOut), nil) }
    guard method.members[index].method is any FittedMethod, data.training.count >= 2 else {
      return (Self.evenly(data.training), nil)
    }
    var (order, generator) = (data.training, SeededGenerator(seed: seed, stream: "scales"))
    generator.shuffle(&order)
    let out = Set(order.prefix(max(1, order.count / Self.parts)))
    return (
      Self.evenly(data.training.filter(out.contains)), data.training.filter { !out.contains($0) }
    )
  }

  private static func evenly(_ pictures: [Int]) -> [Int] {
    let count = min(most, pictures.count)
    return (0..<count).map { pictures[$0 * pictures.count / count] }
  }

  private func fitSteps(_ index: Int, _ fitted: [Int]?) -> Int {
    guard let fitted, let fit = method.members[index].method as? any FittedMethod else { return 0 }
    return fit.fitSteps(pictures: fitted.count)
  }

  /// Pictures that are measured and steps of fits.
  var steps: Int {
    guard method.knownScales == nil else { return 0 }
    return method.members.indices.reduce(0) { sum, index in
      let (measured, fitted) = pictures(for: index)
      return sum + measured.count + fitSteps(index, fitted)
    }
  }

  /// - Parameters:
  ///   - networks: the members', in their order.
  ///   - report: called with the steps done.
  /// - Returns: nil when stopped on request.
  func measured(
    _ networks: [TrainedNetwork], shouldStop: () -> Bool, report: (Int) -> Void
  ) throws -> [EnsembleMethod.Scale]? {
    if let known = method.knownScales { return known }
    var scales: [EnsembleMethod.Scale] = []
    var done = 0
    for (index, member) in method.members.enumerated() {
      let own = data.seen(by: member)
      let (measured, fitted) = pictures(for: index)
      var network = networks[index]
      if let fitted, let fit = member.method as? any FittedMethod {
        let again = try Fitter(fit, data: own.learning(from: fitted), seed: seed).train(
          checkpoint: nil, checkpointSeconds: 0, shouldStop: shouldStop
        ) { report(done + $0.done) }
        guard case .finished(let found) = again else { return nil }
        network = found
        done += fitSteps(index, fitted)
      }
      var moments = (map: Moments(), score: Moments())
      let parameters = try Parameters<Tensor>(constants: network.weights)
      for first in stride(from: 0, to: measured.count, by: Self.batch) {
        if shouldStop() { return nil }
        let batch = Array(measured[first..<min(first + Self.batch, measured.count)])
        try withoutGradient {
          let found = try member.method.detect(
            own.batch(batch), size: method.size, parameters: parameters)
          moments.map.add(try found.map.floats())
          moments.score.add(try found.score.floats())
        }
        done += batch.count
        report(done)
      }
      scales.append(
        EnsembleMethod.Scale(map: moments.map.deviation, score: moments.score.deviation))
    }
    return scales
  }

  private struct Moments {
    private var count = 0.0
    private var sum = 0.0
    private var squares = 0.0

    mutating func add(_ values: [Float]) {
      for value in values {
        let value = Double(value)
        sum += value
        squares += value * value
      }
      count += Double(values.count)
    }

    /// 1 where nothing varies, or nothing was measured: such a map is taken as it is.
    var deviation: Float {
      let mean = sum / max(1, count)
      let found = Float(max(0, squares / max(1, count) - mean * mean).squareRoot())
      return found > 0 && found.isFinite ? found : 1
    }
  }
}
