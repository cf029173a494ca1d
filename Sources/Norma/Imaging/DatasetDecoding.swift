import NormaCore

extension PictureReader {
  /// Whether no pixel of the mask at `path` is above zero: for `DatasetReader.read`. Throws
  /// `FileProblem`.
  public func isEmptyMask(_ path: String) throws -> Bool {
    try readMask(path).values.allSatisfy { $0 == 0 }
  }

  /// What all masks of a sample mark together, as `readMask(_:width:height:)` gives each; nil when it
  /// has none. Throws `FileProblem`.
  public func readMask(of sample: Sample, width: Int, height: Int) throws -> Mask? {
    guard let first = sample.masks.first else { return nil }
    var mask = try readMask(first, width: width, height: height)
    for path in sample.masks.dropFirst() {
      let other = try readMask(path, width: width, height: height)
      for index in mask.values.indices where other.values[index] != 0 { mask.values[index] = 1 }
    }
    return mask
  }
}

extension DatasetReader {
  /// Reads a data set of any layout, one that says by its masks which pictures are defective included.
  /// - Parameter reader: what decodes such masks, and knows how folders are read.
  public static func read(_ path: String, by reader: PictureReader) throws -> Dataset {
    try read(path, isEmptyMask: reader.isEmptyMask, folders: reader.folders)
  }
}
