import Networks
import NormaCore
import NormaFiles
import Torch

extension PaDiMMethod: FittedMethod {
  public func fitSteps(pictures: Int) -> Int { 2 * pictures }

  public func fitSummary(pictures: Int) -> String {
    "\(counted(grid.count, "Gaussian")) of \(counted(selected.count, "channel"))"
  }

  /// Means, then covariances around them, both summed in double precision; Σ + εI = LLᵀ by Cholesky
  /// (LAPACK through LibTorch), W = L⁻ᵀ by solving the triangles.
  ///
  /// Memory: some N·d² numbers of 8 bytes, however many pictures there are.
  public func fit(
    _ data: TrainingData, seed: UInt64, report: (Int, String) throws -> Void
  ) throws -> [String: WeightTensor] {
    let (positions, width) = (grid.count, selected.count)
    var sum = try Tensor(repeating: 0, shape: [1, positions, width]).toDouble()
    try data.forEachBatch { pictures, features in
      sum = try sum + chosen(features).toDouble().sum(axes: [0])
      try report(pictures.upperBound, "means")
    }
    let mean = try sum / Tensor([Float(data.training.count)], shape: [1])
    let values = try mean.floats()
    guard values.allSatisfy(\.isFinite) else {
      throw TrainerError("the features of some picture are not finite numbers")
    }
    var products = try Tensor(repeating: 0, shape: [positions, width, width]).toDouble()
    try data.forEachBatch { pictures, features in
      let away = try chosen(features).toDouble() - mean
      products = try products + away.permuted([1, 2, 0]).matmul(away.permuted([1, 0, 2]))
      try report(data.training.count + pictures.upperBound, "covariances")
    }
    let whitening = try whitening(
      products / Tensor([Float(max(1, data.training.count - 1))], shape: [1]))
    return [
      "mean": WeightTensor(shape: [positions, width], values: values),
      "whitening": WeightTensor(shape: [positions, width, width], values: whitening),
    ]
  }

  /// L⁻ᵀ of covariances `[N, d, d]`.
  private func whitening(_ covariances: Tensor) throws -> [Float] {
    let width = selected.count
    let diagonal = (0..<width * width).map { $0 % (width + 1) == 0 ? Float(settings.epsilon) : 0 }
    return try (covariances + Tensor(diagonal, shape: [1, width, width]))
      .cholesky().inverseOfLowerTriangle().permuted([0, 2, 1]).floats()
  }
}
