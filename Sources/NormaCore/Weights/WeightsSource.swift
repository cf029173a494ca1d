import Foundation
import NormaFiles

/// A file of a backbone's weights on somebody's server, as its owner publishes it.
public struct WeightsSource: Sendable, Equatable {
  /// Of the file, `https://host/path`.
  public let url: String
  /// The page where the licence has to be accepted before the server gives the file; nil where it gives it to
  /// everybody.
  public let gate: String?
  /// SHA-256 of the file; nil where nobody here knows it. What the server states of its own file is asked
  /// besides.
  public let digest: String?

  public init(url: String, gate: String? = nil, digest: String? = nil) {
    (self.url, self.gate, self.digest) = (url, gate, digest)
  }

  /// The same file from a mirror: `base` in place of scheme and host, the path below it as it was. Who may
  /// have it there is the mirror's own matter.
  /// - Parameter base: `https://mirror.example/models`.
  /// - Throws: ``WeightsAddressProblem`` when `base` is no such address.
  public func mirrored(by base: String) throws -> WeightsSource {
    _ = try Self.checked(base)
    guard let path = URLComponents(string: url)?.percentEncodedPath else {
      throw WeightsAddressProblem(address: url)
    }
    let trimmed = base.hasSuffix("/") ? String(base.dropLast()) : base
    return WeightsSource(url: trimmed + path, digest: digest)
  }

  /// The address, whose scheme is http or https and which names a host.
  /// - Throws: ``WeightsAddressProblem``.
  public static func checked(_ address: String) throws -> URL {
    guard let url = URL(string: address), let scheme = url.scheme?.lowercased(),
      ["http", "https"].contains(scheme), let host = url.host, !host.isEmpty
    else { throw WeightsAddressProblem(address: address) }
    return url
  }
}

/// An address that is none of a file on a server.
public struct WeightsAddressProblem: Error, CustomStringConvertible, Sendable, Equatable {
  public let address: String

  public var description: String {
    "'\(address.printable)' is no address such as https://host/model.safetensors; a file that is here is "
      + "taken in by 'norma weights import FILE'"
  }
}

extension KnownBackbone {
  /// Where its weights can be fetched, in the order in which that is tried: the authors' own files, then
  /// Hugging Face's of the same. Files behind a gate come from there alone: whoever asks for them accepts
  /// their licence with their owner.
  public var sources: [WeightsSource] {
    let own = files.map { WeightsSource(url: $0, gate: gate) }
    guard gate == nil else { return own }
    return own + [
      WeightsSource(url: "https://huggingface.co/timm/\(source)/resolve/main/model.safetensors")
    ]
  }
}
