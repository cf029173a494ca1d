import Foundation
import Norma
import NormaCore
import NormaFiles

/// What pictures are recognised by: digests of their files and of what the network sees of them.
package enum PictureContents {
  /// - Parameters:
  ///   - reader: decodes as the model's pictures are decoded.
  ///   - imageSize: side of the square that the network sees.
  ///   - stopped: what an interruption says.
  ///   - title: of the stage, for whoever watches.
  /// - Returns: one for each path; of a picture that cannot be read, what can be said of it.
  /// - Throws: `Interrupted` when a stop is requested.
  package static func of(
    _ paths: [String], reader: PictureReader, imageSize: Int, _ context: JobContext,
    stopped: String, title: String
  ) throws -> [TrainingPictures.Content] {
    let memory = Memory(reader, imageSize, context)
    let keys = paths.map { try? FileKey(of: $0) }
    var contents = zip(paths, keys).map { memory.content(of: $0, $1) }
    let missing = paths.indices.filter { contents[$0].file == nil || contents[$0].pixels == nil }
    let known = contents
    let stage = context.stage(title, total: missing.count, unit: "pictures")
    // What was looked at is kept, also when the rest is not wanted any more.
    defer {
      memory.save()
      stage.clear()
    }
    let workers = Processors.current.count
    try OrderedPipeline.run(count: missing.count, workers: workers) {
      { number in
        let place = missing[number]
        return completed(known[place], path: paths[place], reader, imageSize)
      }
    } deliver: { (number: Int, content: TrainingPictures.Content) in
      try context.check(stopped)
      let place = missing[number]
      contents[place] = content
      memory.keep(content, of: paths[place], keys[place])
      stage.update(number + 1)
    }
    return contents
  }

  private static func completed(
    _ content: TrainingPictures.Content, path: String, _ reader: PictureReader, _ imageSize: Int
  ) -> TrainingPictures.Content {
    TrainingPictures.Content(
      file: content.file
        ?? (try? Digest.sha256(file: path)).map(TrainingPictures.digest(sha256:)),
      pixels: content.pixels
        ?? (try? reader.read(path, size: imageSize)).map { TrainingPictures.digest(rgb: $0.rgb) })
  }

  /// Digests from run to run. What cannot be kept is computed anew the next time.
  private struct Memory {
    private let files: DigestCache?
    private let pixels: DigestCache?

    init(_ reader: PictureReader, _ imageSize: Int, _ context: JobContext) {
      guard let folder = try? context.cacheFolder("features") else {
        (files, pixels) = (nil, nil)
        return
      }
      files = DigestCache(path: folder + "/digests.json")
      // By everything that decides how a picture is decoded.
      let facts = "\(imageSize) \(reader.appliesOrientation) \(PictureReader.decoder)"
      pixels = DigestCache(
        path: folder + "/pixels-\(Digest.sha256(Data(facts.utf8)).prefix(12)).json")
    }

    func content(of path: String, _ key: FileKey?) -> TrainingPictures.Content {
      guard let key else { return TrainingPictures.Content() }
      return TrainingPictures.Content(
        file: files?.known(path, key).map(TrainingPictures.digest(sha256:)),
        pixels: pixels?.known(path, key))
    }

    /// Of files only the whole digests are kept, by whoever reads them for a fingerprint.
    func keep(_ content: TrainingPictures.Content, of path: String, _ key: FileKey?) {
      guard let key, let digest = content.pixels else { return }
      pixels?.keep(digest, of: path, key)
    }

    func save() { try? pixels?.save() }
  }
}
