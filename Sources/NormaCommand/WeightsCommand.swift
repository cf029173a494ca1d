import ArgumentParser
import CommandLineBasics
import Foundation
import NormaCore
import NormaJobs
import NormaTraining

/// `norma weights`: which backbones there are, and whose weights are here.
struct WeightsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "weights",
    abstract: "List the backbones and where their weights are; fetch or take in new ones.",
    discussion: """
      A backbone is the pretrained network whose features Norma learns from. Its weights are looked for \
      in NORMA_HOME/weights (else ~/.cache/norma/weights), then in NORMA_SHARED/weights (else \
      ../shared/weights). Weights that lie there need no import.

        norma weights                                 what is known, and what is here
        norma weights how efficientnet-b6             where to get weights
        norma weights fetch efficientnet-b6           get them, where there is a network
        norma weights import tf_efficientnet_b6.safetensors
      """,
    subcommands: [List.self, How.self, Fetch.self, Import.self],
    defaultSubcommand: List.self)
}

extension WeightsCommand {
  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the known backbones and the files found for them (the default).")

    @Flag(help: "One JSON object instead of a table.")
    var json = false

    func run() throws {
      let registry = WeightsRegistry.standard
      let found = KnownBackbone.all.map { ($0, registry.find($0)) }
      if json {
        let report = Report(
          backbones: found.map {
            Report.Backbone(
              name: $0.name, source: $0.source, licence: $0.licence, path: $1)
          }, folders: registry.folders)
        return try StandardOutput.print(JSONText.line(report))
      }
      let width = KnownBackbone.all.map(\.name.count).max() ?? 0
      for (backbone, path) in found {
        let name = backbone.name.padding(toLength: width, withPad: " ", startingAt: 0)
        try StandardOutput.print("\(name)  \(path ?? "-")")
      }
      try StandardOutput.print(
        "\nLooked in\n" + registry.folders.map { "  " + $0 }.joined(separator: "\n"))
      if let absent = found.last(where: { $0.1 == nil })?.0 {
        try StandardOutput.print("To get those marked with '-': norma weights how \(absent.name)")
      }
    }

    private struct Report: Encodable {
      struct Backbone: Encodable {
        var name, source, licence: String
        /// `null` where no file was found.
        var path: String?

        enum CodingKeys: CodingKey { case name, source, licence, path }

        func encode(to encoder: any Encoder) throws {
          var container = encoder.container(keyedBy: CodingKeys.self)
          try container.encode(name, forKey: .name)
          try container.encode(source, forKey: .source)
          try container.encode(licence, forKey: .licence)
          try container.encode(path, forKey: .path)
        }
      }
      var backbones: [Backbone]
      var folders: [String]
    }
  }

  struct How: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Say where a backbone's weights come from, step by step.")

    @Argument(help: "A backbone, for example efficientnet-b6.")
    var backbone: String

    func run() throws {
      let known = try KnownBackbone.called(backbone)
      try StandardOutput.print(known.instructions)
      if let mirror = Fetch.mirror {
        let sources = try known.sources.map { try $0.mirrored(by: mirror).url }
        try StandardOutput.print(
          "NORMA_WEIGHTS_MIRROR is set: fetch asks for\n"
            + sources.map { "    " + $0 }.joined(separator: "\n"))
      }
    }
  }

  struct Fetch: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Download a backbone's weights and store them in NORMA_HOME/weights.",
      discussion: """
        The file comes from its authors or from Hugging Face ('norma weights how NAME' says which), or from \
        where --from says; NORMA_WEIGHTS_MIRROR, https://mirror.example/models, takes the place of their \
        hosts. It goes through the proxy that https_proxy names. Files behind a licence (DINOv3) want an access token of \
        Hugging Face in HF_TOKEN. What comes is checked as 'norma weights import' checks a file, and by its \
        SHA-256 where the server states one or --sha256 does.

        Ctrl-C and a lost connection leave what has come; the same command goes on with it.

          norma weights fetch efficientnet-b4
          norma weights fetch dinov2_vits14 --from https://mirror.example/dinov2_vits14_pretrain.pth
        """)

    @Argument(help: "A backbone, for example efficientnet-b4.")
    var backbone: String

    @Option(name: .customLong("from"), help: ArgumentHelp("The file's address.", valueName: "url"))
    var address: String?

    @Option(name: .customLong("sha256"), help: "The SHA-256 that the file must have.")
    var digest: String?

    @Flag(help: "Fetch weights anew that are here already.")
    var force = false

    @Flag(help: "One JSON object instead of text.")
    var json = false

    /// What stands in place of the publishers' hosts.
    static var mirror: String? { environment("NORMA_WEIGHTS_MIRROR") }

    private static func environment(_ name: String) -> String? {
      ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    func validate() throws {
      if let digest, digest.count != 64 || !digest.allSatisfy(\.isHexDigit) {
        throw ValidationError("--sha256 is '\(digest)'; it is 64 hexadecimal digits.")
      }
    }

    func run() throws {
      let job = try WeightsFetchJob(
        WeightsFetchJob.Request(
          backbone: backbone, address: address, mirror: Self.mirror, digest: digest,
          token: Self.environment("HF_TOKEN"), replaces: force), .terminal(notesAside: json))
      let outcome = try job.run()
      if json { return try StandardOutput.print(JSONText.line(Report(backbone, outcome))) }
      guard let fetched = outcome.fetched else {
        return try StandardOutput.print(
          "\(backbone) is here already: \(outcome.path) (--force fetches it anew)")
      }
      let size = Figures.number(Double(fetched.bytes) / 1e6)
      try StandardOutput.print(
        "\(backbone), \(size) MB from \(fetched.address): every tensor is as it should be.")
      try StandardOutput.print(
        fetched.digestsOf.isEmpty
          ? "No SHA-256 to compare the file's with is known."
          : "Its SHA-256 is \(fetched.digestsOf.joined(separator: " and ")).")
      try StandardOutput.print("Stored as \(outcome.path)")
    }

    private struct Report: Encodable {
      var name, path: String
      /// Of what was fetched; all absent where the weights were here already.
      var address: String?
      var bytes, resumedFrom: Int?
      var digestsOf: [String]?
      var format: String?
      var blocks: Int?
      var leftOut: [String]?
      var digest: String?

      init(_ backbone: String, _ outcome: WeightsFetchJob.Outcome) {
        (name, path) = (backbone, outcome.path)
        guard let fetched = outcome.fetched else { return }
        (address, bytes, resumedFrom) = (fetched.address, fetched.bytes, fetched.resumedFrom)
        digestsOf = fetched.digestsOf
        (format, blocks) = (fetched.imported.format, fetched.imported.blockCount)
        (leftOut, digest) = (fetched.imported.leftOut, fetched.imported.digest)
      }
    }
  }

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check a file of weights and store it in NORMA_HOME/weights.",
      discussion: """
        Reads safetensors and PyTorch checkpoints (.pth, also those from before PyTorch 1.6) with the \
        names of timm (tf_efficientnet_…), of efficientnet_pytorch, for ResNets of torchvision and \
        timm, or for vision transformers of timm, DINOv2's and DINOv3's releases and Hugging Face. Nothing in the \
        file is executed; a checkpoint that wants to run code is refused. Every tensor up to stride \
        16, or to a vision transformer's last usual block, is \
        checked by name, shape and value, and what is missing or too much is listed. A ViT and a DeiT \
        of one size have the same tensors; --as says which it is. EfficientNet's weights that \
        were trained without TensorFlow's padding (timm's efficientnet_… without tf_) have the same \
        names but give other features: do not import those, nor AdvProp's (…_ap), which expect \
        pictures scaled otherwise.
        """)

    @Argument(help: "The file.")
    var file: String

    @Option(
      name: .customLong("as"),
      help: "The backbone that the file must be; without it the file's tensors tell.")
    var name: String?

    @Flag(help: "One JSON object instead of text.")
    var json = false

    func run() throws {
      let imported = try BackboneImport.run(file, as: name)
      let specification = imported.specification
      if json {
        return try StandardOutput.print(
          JSONText.line(
            Report(
              name: specification.name, format: imported.format, blocks: imported.blockCount,
              leftOut: imported.leftOut, path: imported.path, digest: imported.digest)))
      }
      try StandardOutput.print(
        "\(specification.name), read from \(imported.format): every tensor is as it should be.")
      try StandardOutput.print(
        "\(imported.blockCount) of \(specification.blockCount) blocks are there.")
      if !imported.leftOut.isEmpty {
        try StandardOutput.print(
          "Left out, not needed: \(imported.leftOut.joined(separator: ", "))")
      }
      try StandardOutput.print("Stored as \(imported.path)")
    }

    private struct Report: Encodable {
      var name, format: String
      var blocks: Int
      var leftOut: [String]
      var path, digest: String
    }
  }
}
