import Foundation
import ONNX
import OpenVINO
import TestSupport
import Testing

@Suite struct InterchangeTests {
  private static let interpreter = Python.interpreter(importing: "numpy, onnx, onnxruntime")

  /// Checks every model of a folder with ONNX's own checker, runs it in ONNX Runtime on the inputs
  /// beside it, and writes what comes out.
  private static let script = """
    import glob, os, sys
    import numpy, onnx, onnxruntime
    for path in sorted(glob.glob(os.path.join(sys.argv[1], "*.onnx"))):
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        feeds = {}
        for value in session.get_inputs():
            shape = [3 if not isinstance(size, int) else size for size in value.shape]
            data = numpy.fromfile(path[:-5] + "." + value.name, dtype="<f4")
            feeds[value.name] = data.reshape(shape)
        result = session.run(["y"], feeds)[0]
        result.astype("<f4").tofile(path[:-5] + ".y")
        with open(path[:-5] + ".shape", "w") as file:
            file.write(",".join(map(str, result.shape)))
    """

  @Test(
    .enabled(
      if: interpreter != nil,
      "needs Python with onnx, onnxruntime and numpy: let NORMA_PYTHON name its interpreter"))
  func otherToolsReadTheModelsAndAgree() throws {
    let folder = try TemporaryFolder()
    for (index, operation) in OperationCase.all.enumerated() {
      let stem = folder.url.appendingPathComponent("\(index)")
      let graph = try operation.graph(inputs: operation.inputs)
      graph.metadata["case"] = operation.name
      try graph.model().write(to: stem.appendingPathExtension("onnx"))
      for (input, values) in operation.values(batch: 3).enumerated() {
        try values.withUnsafeBytes { Data($0) }.write(to: stem.appendingPathExtension("x\(input)"))
      }
      let constant = folder.url.appendingPathComponent("\(index)-folded.onnx")
      try operation.constantGraph(batch: 3).model().write(to: constant)
    }
    let python = try #require(Self.interpreter)
    let (status, output) = try Python.run(python, ["-c", Self.script, folder.path])
    try #require(status == 0, "\(output)")
    for (index, operation) in OperationCase.all.enumerated() {
      let expected = try operation.expected(batch: 3)
      for stem in ["\(index)", "\(index)-folded"] {
        let path = folder.url.appendingPathComponent(stem)
        let shape = try String(
          contentsOf: path.appendingPathExtension("shape"), encoding: .utf8
        ).split(separator: ",").compactMap { Int($0) }
        let values = try Data(contentsOf: path.appendingPathExtension("y")).withUnsafeBytes {
          Array($0.bindMemory(to: Float.self))
        }
        expectEqual((shape, values), expected, "ONNX Runtime, \(operation.name), \(stem)")
      }
    }
  }

  @Test(
    .enabled(
      if: interpreter != nil,
      "needs Python with onnx, onnxruntime and numpy: let NORMA_PYTHON name its interpreter"))
  func otherToolsReadQuantizedModelsAndAgree() throws {
    let folder = try TemporaryFolder()
    let channels = (1...4).map { AffineQuantization(symmetric: Float($0)) }
    let model = try Quantizer(QuantizerTests.convolution(groups: 4).model())
      .quantized(["x0": .channels(channels)])
    let values = QuantizerTests.numbers(3 * 120)
    try model.write(to: folder.url.appendingPathComponent("0.onnx"))
    try values.withUnsafeBytes { Data($0) }.write(to: folder.url.appendingPathComponent("0.x0"))
    let python = try #require(Self.interpreter)
    let (status, output) = try Python.run(python, ["-c", Self.script, folder.path])
    try #require(status == 0, "\(output)")
    let found = try Data(contentsOf: folder.url.appendingPathComponent("0.y")).withUnsafeBytes {
      Array($0.bindMemory(to: Float.self))
    }
    let request = try Engine.core.get().compile(
      onnx: model, options: CompileOptions(batch: 3)
    ).makeRequest()
    try request.setInput("x0", values, shape: [3, 4, 5, 6])
    try request.infer()
    let expected = try request.output("y").values
    #expect(found.count == expected.count)
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-5 * max(1, abs($1)) })
  }
}
