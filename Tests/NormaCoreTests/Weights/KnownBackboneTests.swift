import Foundation
import Networks
import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite struct WeightsRegistryTests {
  @Test func looksThroughTheFoldersInOrder() throws {
    let root = try TemporaryFolder()
    let folders = ["home", "shared"].map { root[$0] }
    let registry = WeightsRegistry(folders: folders)
    let b4 = try #require(KnownBackbone.named("efficientnet-b4"))
    #expect(registry.find(b4) == nil)

    try root.file("shared/tf_efficientnet_b4_trunk.safetensors", [1])
    #expect(registry.find(b4) == root["shared/tf_efficientnet_b4_trunk.safetensors"])
    try root.file("shared/efficientnet-b4.safetensors", [1])
    #expect(registry.find(b4) == root["shared/efficientnet-b4.safetensors"])
    try root.file("home/tf_efficientnet_b4.safetensors", [1])
    #expect(registry.find(b4) == root["home/tf_efficientnet_b4.safetensors"])
    #expect(registry.find(try #require(KnownBackbone.named("efficientnet-b5"))) == nil)
  }

  @Test func saysWhereItLookedAndHowToGetWeights() throws {
    let registry = WeightsRegistry(folders: ["/nowhere/weights"])
    for known in KnownBackbone.all {
      let error = #expect(throws: WeightsMissing.self) { try registry.path(of: known) }
      let message = error?.description ?? ""
      #expect(message.contains("/nowhere/weights"))
      #expect(message.contains(known.name))
      #expect(message.contains(known.source))
      #expect(message.contains("norma weights import"))
    }
  }

  /// What a recipe may name can be built, and the other way round.
  @Test func everyKnownBackboneCanBeBuilt() {
    #expect(Set(KnownBackbone.all.map(\.name)) == Set(Backbones.all.map(\.name)))
    #expect(KnownBackbone.all.count == Backbones.all.count)
  }

  @Test func aVisionTransformersFileIsItsNames() throws {
    let dino = try KnownBackbone.called("dinov2_vits14")
    #expect(
      dino.fileNames == ["dinov2_vits14.safetensors", "vit_small_patch14_dinov2.safetensors"])
    #expect(dino.instructions.contains("dinov2_vits14_pretrain.pth"))
    #expect(!dino.instructions.contains("--as"))
    let deit = try KnownBackbone.called("deit_small_patch16_224")
    #expect(deit.fileNames == ["deit_small_patch16_224.safetensors"])
    #expect(deit.instructions.contains("import FILE --as deit_small_patch16_224"))
    let gated = try KnownBackbone.called("dinov3_vits16")
    #expect(gated.instructions.hasPrefix("Its licence has to be accepted first, at https://"))
    #expect(gated.instructions.contains("facebook/dinov3-vits16-pretrain-lvd1689m"))
  }

  /// Addresses are those of their owners, and files behind a licence come from there alone.
  @Test func everyBackboneHasAPlaceToBeFetchedFrom() throws {
    for known in KnownBackbone.all {
      #expect(!known.sources.isEmpty, "\(known.name)")
      for source in known.sources {
        let url = try WeightsSource.checked(source.url)
        #expect(url.scheme == "https")
        #expect(["huggingface.co", "dl.fbaipublicfiles.com"].contains(url.host ?? ""))
        #expect((source.gate != nil) == known.name.hasPrefix("dinov3"))
      }
      #expect(known.instructions.contains("norma weights fetch \(known.name)"))
      #expect(known.instructions.contains(known.sources[0].url))
      #expect(known.instructions.contains(known.licence))
    }
    let b4 = try KnownBackbone.called("efficientnet-b4")
    #expect(
      b4.sources.map(\.url) == [
        "https://huggingface.co/timm/tf_efficientnet_b4.aa_in1k/resolve/main/model.safetensors"
      ])
    let dino = try KnownBackbone.called("dinov2_vits14").sources[0]
    let mirrored = try dino.mirrored(by: "http://mirror.example/m/")
    #expect(
      mirrored.url == "http://mirror.example/m/dinov2/dinov2_vits14/dinov2_vits14_pretrain.pth")
    #expect(throws: WeightsAddressProblem.self) { try dino.mirrored(by: "/m") }
  }

  @Test func theUsersOwnFolderComesFirst() {
    let folders = WeightsRegistry.standard.folders
    #expect(folders.first == Home.norma + "/weights")
    #expect(Set(folders).count == folders.count)
  }
}

@Suite struct BatchNormFoldingTests {
  @Test func computesWhatConvolutionAndBatchNormComputed() throws {
    let norm = BatchNormFolding.Statistics(
      scale: [2, -0.5], shift: [0.25, 1], mean: [3, -1], variance: [0.25, 4])
    let weight = WeightTensor(shape: [2, 2, 1, 1], values: [1, 2, 3, 4])
    let bias = WeightTensor(shape: [2], values: [0.5, -0.5])
    let input: [Double] = [0.7, -1.3]
    for ownBias in [nil, bias] {
      let folded = BatchNormFolding.fold(weight: weight, bias: ownBias, norm, epsilon: 1e-3)
      #expect(folded.weight.shape == [2, 2, 1, 1])
      #expect(folded.bias.shape == [2])
      for channel in 0..<2 {
        func convolved(_ weight: WeightTensor, _ bias: Float) -> Double {
          Double(weight.values[channel * 2]) * input[0]
            + Double(weight.values[channel * 2 + 1]) * input[1] + Double(bias)
        }
        let before = convolved(weight, ownBias?.values[channel] ?? 0)
        let deviation = (Double(norm.variance[channel]) + 1e-3).squareRoot()
        let expected =
          (before - Double(norm.mean[channel])) / deviation * Double(norm.scale[channel])
          + Double(norm.shift[channel])
        #expect(abs(convolved(folded.weight, folded.bias.values[channel]) - expected) < 1e-5)
      }
    }
  }
}
