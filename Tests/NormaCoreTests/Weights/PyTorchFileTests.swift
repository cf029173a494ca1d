import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

/// Files that PyTorch itself wrote, where a Python with it is at hand.
@Suite struct PyTorchFileTests {
  static let interpreter = Python.interpreter(importing: "torch")

  @Test(.enabled(if: interpreter != nil, "needs a Python with PyTorch"), arguments: [true, false])
  func readsWhatPyTorchWrites(zip: Bool) throws {
    let folder = try TemporaryFolder()
    let script = """
      import sys, torch
      x = torch.arange(24, dtype=torch.float32)
      layer = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 1), torch.nn.BatchNorm2d(3))
      torch.nn.init.constant_(layer[0].weight, 0.5)
      state = layer.state_dict()
      state["view"] = x.reshape(4, 6).t()[1:3, ::2]
      state["half"] = x.half()
      state["bfloat16"] = x.bfloat16()
      state["parameter"] = torch.nn.Parameter(x[:3])
      torch.save({"model": state, "optimizer": {"lr": 0.1, "step": [torch.ones(2)]}}, sys.argv[1],
                 _use_new_zipfile_serialization=\(zip ? "True" : "False"))
      """
    let interpreter = try #require(Self.interpreter)
    #expect(try Python.run(interpreter, ["-c", script, folder["state.pth"]]).status == 0)
    let tensors = try TorchCheckpoint.read(folder["state.pth"])
    #expect(
      tensors["0.weight"]
        == WeightTensor(shape: [3, 2, 1, 1], values: .init(repeating: 0.5, count: 6)))
    #expect(tensors["1.running_var"]?.values == [1, 1, 1])
    #expect(tensors["1.num_batches_tracked"] == WeightTensor(shape: [], values: [0]))
    #expect(tensors["view"] == WeightTensor(shape: [2, 2], values: [1, 13, 2, 14]))
    #expect(tensors["half"]?.values == (0..<24).map(Float.init))
    #expect(tensors["bfloat16"]?.values == (0..<24).map(Float.init))
    #expect(tensors["parameter"]?.values == [0, 1, 2])
  }
}
