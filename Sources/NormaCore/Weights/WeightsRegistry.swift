import Foundation
import NormaFiles

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
