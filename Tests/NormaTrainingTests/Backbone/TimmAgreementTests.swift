import Foundation
import Networks
import NormaCore
import NormaFiles
import NormaTraining
import TestSupport
import Testing
import Torch

/// Each family of backbones beside timm's, which the weights come from: names, shapes and what it computes,
/// from random weights by way of an import.
@Suite struct TimmAgreementTests {
  private static let interpreter = Python.interpreter(
    importing: "importlib.metadata as m; [m.version(n) for n in ('timm', 'torch', 'safetensors')]")

  private static let script = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Scripts/timm-agreement.py").path

  /// Pictures that are not square, and other grids than positions were learned for.
  private static let cases = [
    (name: "dinov2_vits14", architecture: "vit_small_patch14_dinov2", size: "112x84"),
    ("dinov2_vits14_reg", "vit_small_patch14_reg4_dinov2", "112x84"),
    ("dinov3_vits16", "vit_small_patch16_dinov3", "96x64"),
    ("vit_tiny_patch16_224", "vit_tiny_patch16_224", "96x64"),
    ("deit_tiny_patch16_224", "deit_tiny_patch16_224", "96x64"),
    ("dinov3_convnext_tiny", "convnext_tiny", "96x64"),
    ("efficientnet-b4", "tf_efficientnet_b4", "96x64"),
    ("efficientnet-lite0", "tf_efficientnet_lite0", "96x64"),
    ("resnet18", "resnet18", "96x64"),
  ]

  /// Of the largest value of a map.
  private static let tolerance: Float = 1e-4

  /// One run of Python for all: most of its time goes into importing timm.
  @Test(.enabled(if: interpreter != nil, "needs Python with timm, torch and safetensors"))
  func everyFamilyComputesWhatTimmDoes() throws {
    let python = try #require(Self.interpreter)
    let folder = try TemporaryFolder()
    let jobs = try Self.cases.map { name, architecture, size in
      let taps = try #require(Backbones.named(name)).defaultTaps
      return "\(name):\(architecture):\(size):\(taps.map(String.init).joined(separator: ","))"
    }
    let (status, output) = try Python.run(python, [Self.script, folder.path] + jobs)
    #expect(status == 0, "\(output)")
    let registry = WeightsRegistry(folders: [folder["home"]])
    for (name, _, _) in Self.cases {
      let file = folder[name + ".safetensors"]
      let imported = try BackboneImport.run(file, as: name, registry: registry)
      #expect(imported.blockCount == imported.specification.blockCount, "\(name)")
      let weights = try BackboneWeights.load(name, registry: registry)
      let expected = try SafeTensors.read(folder[name + ".maps.safetensors"]).tensors
      let pictures = try #require(expected["pictures"])
      let taps = weights.specification.defaultTaps
      let maps = try withoutGradient {
        // timm pads as TensorFlow does, for the actual size.
        let network = try weights.specification.network(
          taps: taps, padding: .dynamic, parameters: Parameters(constants: weights.parameters))
        return try network(Tensor(pictures.values, shape: pictures.shape))
      }
      for (tap, map) in zip(taps, maps) {
        let wanted = try #require(expected["block.\(tap)"])
        #expect(map.shape == wanted.shape, "block \(tap) of \(name)")
        let largest = wanted.values.reduce(0) { max($0, abs($1)) }
        let off = zip(try map.floats(), wanted.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(off <= Self.tolerance * largest, "block \(tap) of \(name): \(off / largest)")
      }
    }
  }
}
