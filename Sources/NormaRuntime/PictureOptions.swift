import ArgumentParser
import CommandLineBasics
import Norma
import NormaCore

/// How pictures are read, the same for all verbs that read some.
public struct PictureOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Refuse pictures of more megapixels than this, before decoding them.",
      valueName: "megapixels"))
  public var pixelLimit = PictureReader.defaultPixelLimit / 1_000_000

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Turn pictures as their EXIF orientation says, or not.",
      discussion: "Without it pictures are read as the model was trained; training does not turn."))
  public var exifOrientation: Bool?

  @Option(
    help: ArgumentHelp(
      "Threads to decode and compute with.",
      discussion: "Without it as many as there are processors, in a container as its quota allows.")
  )
  public var threads: Int?

  public init() {}

  public func validate() throws {
    if let threads {
      guard (1...4096).contains(threads) else {
        throw ValidationError("--threads is \(threads); 1 to 4096 can be said")
      }
      Processors.choose(threads)
    }
    guard (1...1_000_000).contains(pixelLimit) else {
      throw ValidationError("--pixel-limit is \(pixelLimit); 1 to 1000000 megapixels can be said")
    }
  }

  /// For a training, which decides how the model's pictures are read from then on.
  public var reader: PictureReader {
    PictureReader(
      pixelLimit: pixelLimit * 1_000_000, appliesOrientation: exifOrientation ?? false)
  }

  /// For a model: as it was trained, unless the command line contradicts it, which is said.
  public func reader(for manifest: Manifest) -> PictureReader {
    var reader = PictureReader(for: manifest)
    reader.pixelLimit = pixelLimit * 1_000_000
    if let exifOrientation, exifOrientation != manifest.exifOrientation {
      let trained = manifest.exifOrientation ? "turned" : "not turned"
      Terminal.warn(
        "the model was trained on pictures \(trained) by their EXIF orientation; the command line "
          + "says otherwise, so its scores and thresholds may not hold")
      reader.appliesOrientation = exifOrientation
    }
    return reader
  }
}

/// How a data set is read, the same for all verbs that take one.
public struct DatasetOptions: ParsableArguments {
  @OptionGroup public var pictures: PictureOptions

  @Option(
    help: ArgumentHelp(
      "How a data set's folders named as OK, NG or mask are read: defects or categories.",
      discussion:
        "defects: good ones are trained on, others tested with; categories: all are normal."))
  public var layout: FolderReading?

  public init() {}

  /// As ``PictureOptions/reader``.
  public var reader: PictureReader { reading(pictures.reader) }

  /// As ``PictureOptions/reader(for:)``.
  public func reader(for manifest: Manifest) -> PictureReader {
    reading(pictures.reader(for: manifest))
  }

  private func reading(_ reader: PictureReader) -> PictureReader {
    var reader = reader
    reader.folders = layout
    return reader
  }
}

extension FolderReading: ExpressibleByArgument {}

extension ModelFolder {
  /// The model to inspect with; what a person should know of it on this machine is said.
  public static func openForInspection(_ path: String) throws -> ModelFolder {
    let model = try open(path)
    if let caution = Detector.caution(for: model) { Terminal.warn(caution) }
    return model
  }
}

/// The option `--false-alarm-rate`, the same for all verbs that have it.
public enum FalseAlarmRate {
  /// - Throws: `ValidationError` unless the rate is left out or lies in (0, 1).
  public static func validate(_ rate: Double?) throws {
    guard let rate, !(rate > 0 && rate < 1) else { return }
    throw ValidationError(
      "--false-alarm-rate is \(rate); it is a share above 0 and below 1, such as 0.01")
  }
}
