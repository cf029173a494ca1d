import Networks
import NormaCore
import NormaFiles
import NormaTraining
import OpenVINO
import Testing
import Torch

/// From two pictures' bytes to map and score: of random parameters the recorded graph gives in OpenVINO what the
/// same pass gives in LibTorch.
/// - Parameter pixel: a byte of the pictures by its place, of which the lowest eight bits are taken.
func expectEnginesAgree(
  _ network: DetectorNetwork, pixel: (Int) -> Int,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let (backbone, learned) = (ParameterStore(), ParameterStore())
  let side = network.trunk.imageSize
  let shape = [2, side, side, 3]
  let bytes = (0..<shape.reduce(1, *)).map { UInt8(truncatingIfNeeded: pixel($0)) }
  let expected: Detection<Tensor> = try withoutGradient {
    try network(
      Tensor(bytes: bytes, shape: shape),
      backbone: backbone.initialized(by: Generator(seed: 1)),
      parameters: learned.initialized(by: Generator(seed: 2))
    ).detection
  }
  func weights(_ store: ParameterStore) throws -> [String: WeightTensor] {
    try store.names.reduce(into: [:]) { weights, name in
      let tensor = try #require(store[name])
      weights[name] = WeightTensor(shape: tensor.shape, values: try tensor.floats())
    }
  }
  let graph = try DetectorGraph.detector(
    network, backbone: weights(backbone), weights: weights(learned))
  let request = try Core()
    .compile(onnx: graph, options: CompileOptions(precision: .f32, threads: 2)).makeRequest()
  try request.setInput(GraphPort.pictures, bytes, shape: shape)
  try request.infer()
  let outputs: [(String, Tensor)] = [
    (GraphPort.anomalyMap, expected.map), (GraphPort.score, expected.score),
  ]
  for (port, tensor) in outputs {
    let found = try request.output(port)
    #expect(found.shape == tensor.shape, sourceLocation: sourceLocation)
    let values = try tensor.floats()
    let largest = values.map(abs).max() ?? 0
    #expect(
      zip(found.values, values).allSatisfy { abs($0 - $1) <= 1e-4 * largest }, "\(port)",
      sourceLocation: sourceLocation)
  }
}
