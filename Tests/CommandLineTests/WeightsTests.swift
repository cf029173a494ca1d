import Foundation
import NormaCore
import NormaFiles
import TestSupport
import Testing

extension CommandLineTests {
  @Suite struct WeightsTests {
    /// What a command finds in a test is the same on every machine: its own home, and no shared folder
    /// that happens to lie beside the package.
    @Test func nothingOfTheMachineIsSeen() async throws {
      struct Report: Decodable {
        struct Backbone: Decodable {
          var name: String
          var path: String?
        }
        var backbones: [Backbone]
        var folders: [String]
      }
      let workshop = try Workshop()
      let listed = try await workshop.norma("weights", "--json")
      let report = try JSONDecoder().decode(Report.self, from: Data(listed.output.utf8))
      #expect(report.folders.allSatisfy { $0.hasPrefix(workshop.path + "/") }, "\(report.folders)")
      #expect(
        report.backbones.filter { $0.path != nil }.map(\.name) == ["efficientnet-lite0"],
        "\(listed)")
    }

    @Test func importedWeightsAreFound() async throws {
      let workshop = try Workshop()
      try FileManager.default.removeItem(atPath: workshop.home)
      let before = try await workshop.norma("weights")
      #expect(before.status == 0)
      #expect(before.lines.contains { $0.hasPrefix("efficientnet-lite0") && $0.hasSuffix(" -") })

      try workshop.write(RandomBackbone.safetensors(), to: "random.safetensors")
      let imported = try await workshop.norma("weights", "import", "random.safetensors")
      #expect(imported.status == 0, "\(imported)")
      #expect(imported.output.contains("efficientnet-lite0"))

      let after = try await workshop.norma("weights")
      let stored = workshop.home + "/weights/efficientnet-lite0.safetensors"
      #expect(after.output.contains(stored), "\(after)")
    }

    @Test func withoutARecipeTheBackboneIsOneThatIsThere() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      let small = ["--image-size", "128", "--epochs", "1"]
      let trained = try await workshop.start(["train", "products", "-o", "line.norma"] + small)
        .result()
      #expect(trained.status == 0, "\(trained)")
      #expect(trained.output.contains("RAS with efficientnet-lite0"), "\(trained)")
      let named = ["train", "products", "-o", "other.norma", "--recipe", "uniad"] + small
      let missing = try await workshop.start(named + ["--backbone", "efficientnet-b7"]).result()
      #expect(missing.status == 3, "\(missing)")
      #expect(missing.errors.contains("a backbone that is there (efficientnet-lite0"), "\(missing)")
      let how = try await workshop.norma("weights", "how", "efficientnet-b4")
      #expect(how.status == 0 && how.output.contains("weights import"), "\(how)")
      let chosen = try await workshop.start(named + ["--backbone", "efficientnet-lite0"]).result()
      #expect(chosen.status == 0, "\(chosen)")
    }

    @Test func aPickleThatRunsCodeIsRefused() async throws {
      let workshop = try Workshop()
      let touched = workshop.path + "/touched"
      // PyTorch's format from before 1.6: its magic number, its version and the machine's byte order,
      // each a pickle, then the pickle that would hold the weights.
      var bytes: [UInt8] = [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8]
      bytes += [0x50, 0x19, 0x2E, 0x80, 2, 0x4D, 0xE9, 3, 0x2E]
      bytes +=
        [0x80, 2, 0x7D, 0x58, 13, 0, 0, 0] + Array("little_endian".utf8) + [0x88, 0x73, 0x2E]
      bytes += [0x80, 2] + Array("cposix\nsystem\n(S'touch \(touched)'\ntR.".utf8)
      try workshop.write(Data(bytes), to: "evil.pth")
      let refused = try await workshop.norma("weights", "import", "evil.pth")
      #expect(refused.status == 3)
      #expect(refused.errors.contains("posix"), "\(refused)")
      #expect(!workshop.exists("touched"))
    }

    @Test func weightsThatAreNoNumbersAreRefused() async throws {
      let workshop = try Workshop()
      var tensors = RandomBackbone.tensors()
      tensors["blocks.2.0.conv_pw.bias"]?.values[3] = .nan
      try workshop.write(SafeTensors.write(tensors), to: "spoilt.safetensors")
      let refused = try await workshop.norma("weights", "import", "spoilt.safetensors")
      #expect(refused.status == 3)
      #expect(refused.errors.contains("blocks.2.0.conv_pw.bias"), "\(refused)")
      #expect(refused.errors.contains("nan"))
    }

    @Test func weightsOfAnotherNetworkAreNamed() async throws {
      let workshop = try Workshop()
      let other = ["layer1.0.conv1.weight": WeightTensor(shape: [1], values: [1])]
      try workshop.write(SafeTensors.write(other), to: "resnet.safetensors")
      let refused = try await workshop.norma("weights", "import", "resnet.safetensors")
      #expect(refused.status == 3)
      #expect(refused.errors.contains("resnet.safetensors"))
      #expect(refused.errors.contains("layer1.0.conv1.weight"), "\(refused)")
    }

    /// Through a proxy: the host that is named is nowhere.
    @Test func fetchedWeightsAreFound() async throws {
      struct Report: Decodable {
        var name, path, address, format, digest: String
        var bytes, resumedFrom, blocks: Int
        var digestsOf, leftOut: [String]
      }
      let workshop = try Workshop()
      try FileManager.default.removeItem(atPath: workshop.home)
      let data = try RandomBackbone.safetensors()
      let server = try LoopbackServer { request, _ in .file(data, tag: "\"a\"", to: request) }
      let address = "http://weights.invalid/lite0.safetensors"
      func fetch(_ options: String...) async throws -> CommandResult {
        var environment = workshop.environment
        environment["http_proxy"] = server.url("")
        return try await RunningCommand(
          .norma, ["weights", "fetch", "efficientnet-lite0"] + options, environment: environment,
          folder: workshop.path
        ).result()
      }
      let fetched = try await fetch(
        "--from", address, "--json", "--sha256", Digest.sha256(data).uppercased())
      #expect(fetched.status == 0, "\(fetched)")
      let report = try JSONDecoder().decode(Report.self, from: Data(fetched.output.utf8))
      #expect(report.address == address && report.bytes == data.count && report.resumedFrom == 0)
      #expect(report.digestsOf == ["yours"])
      #expect(report.path == workshop.home + "/weights/efficientnet-lite0.safetensors")
      #expect(server.requests.map(\.target) == [address])

      let listed = try await workshop.norma("weights")
      #expect(listed.output.contains(report.path), "\(listed)")
      let again = try await fetch()
      #expect(again.status == 0 && again.output.contains("is here already"), "\(again)")
      let anew = try await fetch("--from", address, "--force")
      #expect(anew.status == 0 && anew.output.contains("No SHA-256"), "\(anew)")
      #expect(server.requests.count == 2)
      let wrong = try await fetch("--from", address, "--sha256", "abc")
      #expect(wrong.status == 64, "\(wrong)")
    }

    @Test func aMirrorTakesTheHostsPlace() async throws {
      let workshop = try Workshop()
      let server = try LoopbackServer { _, _ in LoopbackServer.Answer(404) }
      var environment = workshop.environment
      environment["NORMA_WEIGHTS_MIRROR"] = server.url("/models")
      environment["no_proxy"] = "127.0.0.1"
      func norma(_ arguments: String...) async throws -> CommandResult {
        try await RunningCommand(
          .norma, ["weights"] + arguments, environment: environment, folder: workshop.path
        ).result()
      }
      let how = try await norma("how", "resnet18")
      let path = "/models/timm/resnet18.tv_in1k/resolve/main/model.safetensors"
      #expect(how.output.contains(server.url(path)), "\(how)")
      let missing = try await norma("fetch", "resnet18")
      #expect(missing.status == 3 && missing.errors.contains("404"), "\(missing)")
      #expect(server.requests.map(\.target) == [path])
    }
  }
}
