import Foundation
import NormaCore
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

  @Test func theUsersOwnFolderComesFirst() {
    let folders = WeightsRegistry.standard.folders
    #expect(folders.first == Home.norma + "/weights")
    #expect(Set(folders).count == folders.count)
  }
}
