import Foundation
import Networks
import Norma
import NormaCore
import NormaTraining
import OpenVINO

/// The trunk in OpenVINO: several pictures are decoded and in the network side by side.
struct OpenVINOExtractor: FeatureExtractor {
  let shapes: [FeatureShape]
  private let model: CompiledModel
  private let reader: PictureReader
  private let size: Int

  init(
    trunk: Trunk, weights: BackboneWeights, precision: FeaturesRecipe.Precision,
    reader: PictureReader
  ) throws {
    let options = CompileOptions(
      precision: precision == .bf16 ? .bf16 : .f32, hint: .throughput,
      cacheFolder: Detector.Options.defaultCacheFolder, batch: 1)
    model = try Core().compile(
      onnx: DetectorGraph.trunk(trunk, backbone: weights.parameters), options: options)
    size = trunk.imageSize
    shapes = trunk.outputs.map { FeatureShape(channels: $0.channels, grid: $0.grid) }
    self.reader = reader
  }

  func extract(
    _ paths: [String],
    consume: (Int, Result<UnsafeBufferPointer<Float>, any Error>) throws -> Void
  ) throws {
    // More workers than requests: while these compute, one decodes, and another has decoded.
    let workers = try model.optimalRequestCount() + 2
    try OrderedPipeline.run(count: paths.count, workers: workers) {
      let request = try model.makeRequest()
      return { item in try features(of: paths[item], request) }
    } deliver: { (item: Int, result: Result<[Float], FileProblem>) in
      switch result {
      case .success(let features):
        try features.withUnsafeBufferPointer { try consume(item, .success($0)) }
      case .failure(let problem): try consume(item, .failure(problem))
      }
    }
  }

  /// A picture's maps, one after the other.
  private func features(
    of path: String, _ request: InferRequest
  ) throws -> Result<[Float], FileProblem> {
    let picture: Picture
    do {
      picture = try reader.read(path, size: size)
    } catch let problem as FileProblem {
      return .failure(problem)
    }
    try request.setInput(
      GraphPort.pictures, picture.rgb, shape: [1, size, size, 3])
    try request.infer()
    var features: [Float] = []
    features.reserveCapacity(shapes.reduce(0) { $0 + $1.count })
    for index in shapes.indices {
      try request.withOutput(DetectorGraph.featuresPort(index)) { values, _ in
        features.append(contentsOf: values)
      }
    }
    return .success(features)
  }
}
