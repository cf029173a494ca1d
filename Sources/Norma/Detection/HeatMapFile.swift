import Foundation
import NormaCore
import NormaFiles

/// The files of heat maps in their folder.
enum HeatMapFile {
  /// Names for the maps of a list of pictures, before `.heatmap.png` or `.uncertainty.png`: each its
  /// own, whatever the pictures are called, and the same for the same list.
  ///
  /// `broken/003.jpg` becomes `broken/003`. Where that is taken (`003.png` beside
  /// `003.jpg`, or the same name from two folders) the extension or a number is added. Letters' case
  /// does not tell names apart, because not every disk does.
  static func names(for relatives: [String]) -> [String] {
    var taken: Set<String> = []
    return relatives.map { relative in
      let parent = FilePath.parent(relative)
      let folder = parent.isEmpty ? "" : parent + "/"
      let full = folder + FilePath.name(relative)
      var candidate = folder + FilePath.stem(relative)
      var number = 1
      while !taken.insert(candidate.lowercased()).inserted {
        candidate = number == 1 ? full : "\(full)-\(number)"
        number += 1
      }
      return candidate
    }
  }

  /// The file appears whole or not at all. Unlike a model it is not forced to the disk: after a power
  /// cut it is made again, and waiting for the disk would take longer than inspecting.
  static func write(_ data: Data, to path: String) throws {
    let folder = FilePath.parent(FilePath.absolute(path))
    try FilePath.createFolder(folder)
    // Short, whatever the picture is called: the map's own name may be as long as names can be.
    let scratch = "\(folder)/.norma-\(UInt64.random(in: 0...UInt64.max))"
    do {
      try PosixFile(creating: scratch).write(data)
      guard rename(scratch, path) == 0 else {
        throw FileProblem.system(path, "cannot be written", code: errno)
      }
    } catch let problem as FileProblem {
      unlink(scratch)
      throw FileProblem(path: path, reason: problem.reason)
    }
  }
}
