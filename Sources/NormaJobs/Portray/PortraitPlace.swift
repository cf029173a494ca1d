import Foundation
import NormaCore
import NormaFiles

/// Where a portrait goes: into the model, beside its report, or to a file that was named.
struct PortraitPlace {
  let output: String?
  let replaces: Bool

  private static let file = "report/portrait.html"

  /// Refuses what cannot be written, before any work.
  func check(_ model: ModelFolder) throws {
    guard let output else {
      guard FilePath.isFolder(model.path) else {
        throw FileProblem(
          path: model.path,
          reason: "a zipped model cannot be added to; --output page.html writes the page elsewhere")
      }
      return
    }
    guard !FilePath.isFolder(output) else {
      throw FileProblem(
        path: output, reason: "it is a folder; name the page, as in \(output)/portrait.html")
    }
    guard replaces || !FilePath.exists(FilePath.absolute(output)) else {
      throw FileProblem(path: output, reason: "the file exists; --force replaces it")
    }
    try FilePath.createFolder(FilePath.parent(FilePath.absolute(output)))
  }

  /// - Returns: where the page is. One that the model had is replaced.
  func write(_ html: String, _ model: ModelFolder) throws -> String {
    let page = Data(html.utf8)
    guard let output else {
      try model.update(files: [Self.file: page])
      return "\(model.path)/\(Self.file)"
    }
    try AtomicFile.write(page, to: output)
    return output
  }
}
