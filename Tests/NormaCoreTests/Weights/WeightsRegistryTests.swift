import Foundation
import NormaCore
import Testing

@Suite struct WeightsRegistryTests {
  @Test func looksThroughTheFoldersInOrder() throws {
    let root = FileManager.default.temporaryDirectory.path + "/norma-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: root) }
    let folders = ["home", "shared"].map { root + "/" + $0 }
    let registry = WeightsRegistry(folders: folders)
    let b4 = try #require(KnownBackbone.named("efficientnet-b4"))
    #expect(registry.find(b4) == nil)

    func put(_ folder: String, _ name: String) throws {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try Data([1]).write(to: URL(fileURLWithPath: folder + "/" + name))
    }
    try put(folders[1], "tf_efficientnet_b4_trunk.safetensors")
    #expect(registry.find(b4) == folders[1] + "/tf_efficientnet_b4_trunk.safetensors")
    try put(folders[1], "efficientnet-b4.safetensors")
    #expect(registry.find(b4) == folders[1] + "/efficientnet-b4.safetensors")
    try put(folders[0], "tf_efficientnet_b4.safetensors")
    #expect(registry.find(b4) == folders[0] + "/tf_efficientnet_b4.safetensors")
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
