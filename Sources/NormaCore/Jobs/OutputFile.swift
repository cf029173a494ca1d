import Foundation
import NormaFiles

/// Files that somebody names to be written. What is there already is replaced where that was asked for and
/// Norma wrote it: a word that was mistyped costs nobody a picture, a page or a device.
package struct OutputFile: Sendable {
  /// What is told by a file's content.
  package enum Kind: String, Sendable {
    /// A graph for other runtimes.
    case graph = "a graph"
    /// A page for people.
    case page = "a page"
    /// What a graph has to give for its reference picture.
    case expectation = "the figures of a reference picture"
    /// The picture that those figures are of; told by the file of the figures beside it.
    case referencePicture = "a reference picture"
    /// Decoded pictures.
    case store = "a store of pictures"
    /// LibTorch's results, for other runtimes.
    case dump = "a dump of results"
    /// The figures of `norma tolerance`.
    case tolerance = "a table of tolerances"
  }

  package let path: String
  package let kind: Kind

  package init(_ path: String, _ kind: Kind) { (self.path, self.kind) = (path, kind) }

  /// - Parameter replaces: whether a file that Norma wrote may be replaced.
  /// - Throws: `FileProblem` when something is there that may not, whatever was asked for: a link, a
  ///   device, a folder, somebody else's file; and for a place inside a model, which would not open any more
  ///   with a file that its manifest does not list.
  package func check(replaces: Bool) throws {
    let place = FilePath.absolute(path)
    func refuse(_ reason: String) -> FileProblem { FileProblem(path: path, reason: reason) }
    if let model = Self.model(around: place) {
      throw refuse(
        "it would lie inside the model \(model), which then cannot be opened; name another place")
    }
    guard FilePath.exists(place) else { return }
    guard !FilePath.isLink(place) else {
      throw refuse("it is a link; name the file that it leads to, or remove the link")
    }
    guard !FilePath.isFolder(place) else { throw refuse("it is a folder; a file was expected") }
    let file = try PosixFile(reading: place)
    guard replaces else { throw refuse("the file exists; --force replaces it") }
    guard try isOurs(file) else {
      throw refuse(
        "it is not \(kind.rawValue) that Norma wrote, and nothing else is replaced; remove it yourself, or "
          + "choose another name")
    }
  }

  private func isOurs(_ file: borrowing PosixFile) throws -> Bool {
    // What a kill left, or `touch` made, is nobody's.
    guard try file.size() > 0 else { return true }
    switch kind {
    case .graph:
      // The second field of the file is its producer.
      return try Data(file.head(64)).range(of: Data([0x12, 5] + Array("norma".utf8))) != nil
    case .page: return try contains("Written by Norma ")
    case .expectation: return try contains("\"mapCells\"")
    case .referencePicture:
      let figures = place(of: ".reference.png", instead: ".reference.json")
      let isPicture = PictureFormat.sniff(try file.head(PictureFormat.headLength)) == .png
      return try isPicture
        && (figures.map { try OutputFile($0, .expectation).contains("\"mapCells\"") } ?? false)
    case .store:
      return (try? SafeTensorsFile(path: path))?.metadata["format"]?
        .hasPrefix("norma pictures ") == true
    case .dump: return (try? SafeTensorsFile(path: path))?.names == ["maps", "pictures", "scores"]
    case .tolerance:
      return try String(decoding: file.head(64), as: UTF8.self)
        .hasPrefix("disturbance,step,undisturbed")
    }
  }

  private func place(of ending: String, instead other: String) -> String? {
    guard path.hasSuffix(ending) else { return nil }
    let place = path.dropLast(ending.count) + other
    return FilePath.exists(String(place)) ? String(place) : nil
  }

  private func contains(_ text: String) throws -> Bool {
    try PosixFile(reading: path).readAll(limit: 1 << 30).range(of: Data(text.utf8)) != nil
  }

  /// The model folder that a path lies in; nil for none.
  private static func model(around place: String) -> String? {
    var folder = FilePath.parent(place)
    folder = FilePath.resolved(folder) ?? folder
    while !folder.isEmpty, folder != "/" {
      if ModelFolder.isModel(folder) { return folder }
      folder = FilePath.parent(folder)
    }
    return nil
  }
}
