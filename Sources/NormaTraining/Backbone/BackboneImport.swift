import Foundation
import Networks
import NormaCore
import NormaFiles

/// Takes a file of weights into the user's own store, so that recipes find it by the backbone's name.
public struct BackboneImport: Sendable {
  /// The network that the file's names and shapes say, or that the caller named.
  public let specification: any BackboneSpecification
  /// The format of the file: `safetensors`, `PyTorch`, `PyTorch (before 1.6)`.
  public let format: String
  /// How many of the network's blocks the file holds, from the stem outwards.
  public let blockCount: Int
  /// Names in the file that the store leaves out: the head, the classifier; sorted.
  public let leftOut: [String]
  /// Where the weights lie now.
  public let path: String
  /// SHA-256 of the stored file.
  public let digest: String

  /// Reads the file, finds its network, checks every tensor of the trunk (name, shape, values), and
  /// writes the network's tensors as `<name>.safetensors` into the registry's first folder, under
  /// timm's names and with source, licence and digest in the metadata. An older import of the same
  /// backbone is replaced; a failure leaves it as it was.
  /// - Parameters:
  ///   - name: the backbone that the file must be; `nil` to find out.
  ///   - origin: what the metadata and errors say that it came from: its address, where the file is only the
  ///     place that it was downloaded to; `nil`: the file.
  /// - Throws: `WeightsFileError` when the file is damaged or does not fit; `UnknownBackbone`;
  ///   `FileProblem` when it cannot be stored.
  public static func run(
    _ file: String, as name: String? = nil, from origin: String? = nil,
    registry: WeightsRegistry = .standard
  ) throws -> BackboneImport {
    if let name { _ = try KnownBackbone.called(name) }
    let data = try WeightsFile.bytes(file, mapped: false)
    let told = origin ?? file
    let content = try WeightsFile.read(data, name: told)
    let fit = try fit(content, name: name, file: told)
    let specification = fit.specification
    // Everything but NaN and the like shows in the names and shapes; this shows the rest.
    _ = try BackboneWeights.folded(
      content.tensors, specification, lastBlock: fit.lastBlock, file: told)

    let found = BackboneNames.canonical(content.tensors, for: specification)
    let trunk = specification.scopes(throughBlock: specification.blockCount - 1)
    let kept = found.filter { name, _ in trunk.contains { name.hasPrefix($0) } }
    var metadata = content.metadata
    metadata["backbone"] = specification.name
    metadata["imported_from"] = origin ?? FilePath.name(file)
    metadata["imported_digest"] = Digest.sha256(data)
    metadata["licence"] =
      metadata["licence"] ?? KnownBackbone.named(specification.name)?.licence
      ?? "as the imported file"
    let stored = try SafeTensors.write(kept, metadata: metadata)
    let path = try store(stored, name: specification.name, registry: registry)
    return BackboneImport(
      specification: specification, format: content.format,
      blockCount: (0..<specification.blockCount).prefix { block in
        specification.layers(ofBlock: block).flatMap(\.parameters)
          .allSatisfy { found[$0.name] != nil || $0.name.hasSuffix(".bias") }
      }.count,
      leftOut: found.keys.filter { kept[$0] == nil }.sorted(), path: path,
      digest: Digest.sha256(stored))
  }

  private static func fit(
    _ content: WeightsFile.Content, name: String?, file: String
  ) throws -> BackboneFit {
    let shapes = content.tensors.mapValues(\.shape)
    if let name {
      guard let specification = Backbones.named(name) else {
        throw UnknownBackbone(name: name)
      }
      let fit = BackboneFit(shapes, to: specification)
      guard fit.isExact else { throw misfit(fit, "these are not the weights of \(name)", file) }
      return fit
    }
    let closest = BackboneFit.closest(shapes)
    guard let best = closest.first else {
      let some = content.tensors.keys.sorted().prefix(3).joined(separator: ", ")
      throw WeightsFileError(
        file: file,
        reason: "its \(content.tensors.count) tensors (\(some), …) are those of no backbone that "
          + "Norma knows; 'norma weights' lists them")
    }
    guard best.isExact else {
      throw misfit(
        best, "it fits no backbone; closest is \(best.specification.name)", file)
    }
    guard closest.count > 1 else { return best }
    // An import says in its metadata what it is.
    if let said = closest.first(where: { $0.specification.name == content.metadata["backbone"] }) {
      return said
    }
    let names = closest.map(\.specification.name).joined(separator: " and ")
    throw WeightsFileError(
      file: file,
      reason:
        "it fits \(names), whose tensors have the same names and shapes but which see pictures "
        + "normalised in different ways; say which it is with --as NAME")
  }

  private static func misfit(
    _ fit: BackboneFit, _ what: String, _ file: String
  ) -> WeightsFileError {
    WeightsFileError(file: file, reason: what + "\n" + fit.problems)
  }

  private static func store(
    _ data: Data, name: String, registry: WeightsRegistry
  ) throws -> String {
    guard let folder = registry.folders.first else {
      throw FileProblem(path: name, reason: "there is no folder to store weights in")
    }
    try FilePath.createFolder(folder)
    let path = folder + "/" + name + ".safetensors"
    try AtomicFile.write(data, to: path)
    return path
  }
}
