import Foundation
import Networks
import ONNX
import OpenVINO
import TestSupport
import Torch

/// The levels of one picture, from the trunk's features to the rebuilt ones, without gradients.
struct LevelsMeasurement {
  let levels = [64, 32, 16].map(CostRow.level)
  let form: CostRow.Form
  let engine: CostRow.Engine
  let bf16: Bool

  func run() throws -> Cost {
    switch engine {
    case .openvino: try inOpenVINO()
    case .libtorch: try inLibTorch()
    }
  }

  private func inLibTorch() throws -> Cost {
    Machine.reusesMemory()
    return try withoutGradient {
      let reconstruct = try form.reconstruction(
        levels, ParameterStore().initialized(by: Generator(seed: 1)))
      let features = try features()
      return try Cost.measured(repetitions: 3) {
        try withBF16Autocast(bf16) { _ = try reconstruct(features) }
      }
    }
  }

  private func inOpenVINO() throws -> Cost {
    let request = try compiled().makeRequest()
    for (index, map) in try features().enumerated() {
      try request.setInput(Self.input(index), map.floats(), shape: map.shape)
    }
    return try Cost.measured(repetitions: 3) { try request.infer() }
  }

  private func compiled() throws -> CompiledModel {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).onnx")
    defer { try? FileManager.default.removeItem(at: file) }
    // Made by a process of its own, so that what making it takes is not in this one's memory.
    let process = Process()
    process.executableURL = Bundle.main.executableURL
    process.arguments = ["--graph", form.rawValue, file.path]
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw CostError("the graph was not made (status \(process.terminationStatus))")
    }
    return try Core().compile(
      onnx: Data(contentsOf: file, options: .alwaysMapped),
      options: CompileOptions(precision: bf16 ? .bf16 : .f32, batch: 1))
  }

  /// The levels as an ONNX file's bytes.
  func graph() throws -> Data {
    let store = ParameterStore()
    _ = try RLR(RLRSettings(), levels: levels, store.initialized(by: Generator(seed: 1)))
    var values: [String: (shape: [Int], values: [Float])] = [:]
    for name in store.names {
      if let tensor = store[name] { values[name] = (tensor.shape, try tensor.floats()) }
    }
    let graph = Graph()
    let features = try levels.enumerated().map { index, level in
      try graph.input(Self.input(index), shape: [-1] + level.mapShape)
    }
    let rebuilt = try form.reconstruction(levels, graph.parameters(from: values))(features)
    for (index, tokens) in rebuilt.enumerated() {
      try graph.output(tokens, name: "rebuilt.\(index)")
    }
    return try graph.model()
  }

  private static func input(_ index: Int) -> String { "features.\(index)" }

  private func features() throws -> [Torch.Tensor] {
    let generator = try Generator(seed: 2)
    return try levels.map { try generator.normal([1] + $0.mapShape) }
  }
}
