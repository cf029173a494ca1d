import Foundation
import Networks
import Norma
import NormaCore
import NormaFiles
import NormaTraining
import OpenVINO

/// The trunk in OpenVINO: several pictures are decoded and in the network side by side.
package struct OpenVINOExtractor: FeatureExtractor {
  package let shapes: [FeatureShape]
  private let model: CompiledModel
  private let reader: PictureReader
  private let size: Int

  package init(
    trunk: Trunk, parameters: [String: WeightTensor], precision: FeaturesRecipe.Precision,
    reader: PictureReader, cacheFolder: String? = Detector.Options.defaultCacheFolder
  ) throws {
    let options = CompileOptions(
      precision: precision == .bf16 ? .bf16 : .f32, hint: .throughput,
      cacheFolder: cacheFolder, threads: Processors.current.imposed, batch: 1)
    model = try Core().compile(
      onnx: DetectorGraph.trunk(trunk, backbone: parameters), options: options)
    size = trunk.imageSize
    shapes = trunk.outputs.map { FeatureShape(channels: $0.channels, grid: $0.grid) }
    self.reader = reader
  }

  package func extract(
    _ pictures: [FeatureRequest],
    consume: (Int, Result<UnsafeBufferPointer<Float>, any Error>) throws -> Void
  ) throws {
    // More workers than requests: while these compute, one decodes, and another has decoded.
    let workers = try model.optimalRequestCount() + 2
    try OrderedPipeline.run(count: pictures.count, workers: workers) {
      let request = try model.makeRequest()
      return { item in try features(of: pictures[item], request) }
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
    of picture: FeatureRequest, _ request: InferRequest
  ) throws -> Result<[Float], FileProblem> {
    let pixels: [UInt8]
    do {
      pixels = try self.pixels(of: picture)
    } catch let problem as FileProblem {
      return .failure(problem)
    }
    try request.setInput(
      GraphPort.pictures, pixels, shape: [1, size, size, 3])
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

  /// A twin whose texture cannot be read is textured by its own picture: it is usable whenever that is.
  private func pixels(of picture: FeatureRequest) throws -> [UInt8] {
    let own = try reader.read(picture.path, size: size).rgb
    guard let twin = picture.twin else { return own }
    let texture: [UInt8]
    do {
      texture = try reader.read(twin.texture, size: size).rgb
    } catch is FileProblem {
      texture = own
    }
    return twin.painted(own, with: texture, side: size)
  }
}

extension Detector {
  /// A model's network with noise on its features, by which RAS, Table 6, measures what a trained network
  /// tolerates. Recorded anew, in floating point, from the model's weights and the backbone's.
  ///
  /// - Parameters:
  ///   - jitter: the noise's strength α (RAS, equation 5); 0 is none.
  ///   - seed: what the noise of each picture is drawn from, besides its place in the data set.
  /// - Throws: when the backbone's weights are not found or not those of the training, or the method
  ///   does not rebuild one map.
  convenience init(model: ModelFolder, jitter: Double, seed: UInt64) throws {
    let network = try ModelNetwork(model)
    let graph = try DetectorGraph.detector(
      DetectorNetwork(
        trunk: network.prepared.trunk, method: network.prepared.method,
        standardization: network.stored.standardization),
      backbone: network.prepared.parameters, weights: network.stored.weights,
      jitter: Float(jitter))
    let isBF16 =
      switch network.prepared.recipe.scoring.precision {
      case .f32: false
      case .bf16: true
      case .auto: model.manifest.modelPrecision == .bf16
      }
    try self.init(
      graph: graph, name: "\(model.path) with noise", imageSize: network.prepared.trunk.imageSize,
      precision: isBF16 ? .bf16 : .f32,
      options: Options(cacheFolder: nil, noiseSeed: seed))
  }
}
