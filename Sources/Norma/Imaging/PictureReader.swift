import Foundation
import NormaCore
import NormaFiles

/// Reads pictures and masks. A file's signature decides which decoder sees it, and its header's size
/// is checked before any pixel is decoded. Safe to use from several threads at once.
///
/// JPEG, PNG, TIFF, WebP, BMP, GIF and PNM; 8 and 16 bits (of which the upper eight count), grey, palette,
/// RGB and CMYK; alpha is dropped. All as PIL's `convert("RGB")` does, which the published numbers rest on,
/// save that PIL clips 16-bit grey. A file of several pages or frames is refused: only one of them would be
/// looked at.
public struct PictureReader: Sendable {
  /// The largest number of pixels that is decoded.
  public var pixelLimit: Int
  /// Whether the EXIF orientation is applied. The published numbers ignore it.
  public var appliesOrientation: Bool
  /// How a data set's folders are read where their names allow two readings; nil: that is asked
  /// (`DatasetReader.read(_:by:)`).
  public var folders: FolderReading?

  /// 200 megapixels: larger than industrial cameras give, small enough to decode anywhere.
  public static let defaultPixelLimit = 200_000_000
  /// Pictures with a shorter side than this are refused: there is nothing to see on them.
  public static let smallestSide = 8

  /// The version of libvips, which decodes.
  public static var decoder: String { Vips.version }

  public init(pixelLimit: Int = PictureReader.defaultPixelLimit, appliesOrientation: Bool = false) {
    (self.pixelLimit, self.appliesOrientation) = (pixelLimit, appliesOrientation)
  }

  /// Reads pictures as a model's were read for its training.
  public init(for manifest: Manifest) {
    self.init(appliesOrientation: manifest.exifOrientation)
  }

  /// The picture at `path`: in its own size, or `size × size` without keeping the aspect
  /// (antialiased bilinear: within 0.4 grey levels of PIL's, on average). Throws `FileProblem`.
  public func read(_ path: String, size: Int? = nil) throws -> Picture {
    try decode(open(path)) { _ in size.map { PictureSize(width: $0, height: $0) } }
  }

  /// The same from bytes in memory; `name` stands for the path in errors.
  public func read(_ data: Data, name: String, size: Int? = nil) throws -> Picture {
    let file = try PictureFile(path: name, bytes: [UInt8](data))
    return try decode(file) { _ in size.map { PictureSize(width: $0, height: $0) } }
  }

  /// The picture at `path` with its aspect kept, shrunk so that its longer side is at most
  /// `longerSide` pixels: for looking at.
  public func read(_ path: String, fitting longerSide: Int) throws -> Picture {
    try decode(open(path)) { $0.fitting(longerSide) }
  }

  /// The picture's size as its header says it. Throws `FileProblem` as `read` would for anything
  /// that the header shows, without decoding a pixel.
  public func probe(_ path: String) throws -> PictureSize {
    // Headers lie at the beginning but for some TIFFs and for JPEGs behind large profiles.
    let head = try PictureFile(path: path, headLength: 1 << 16)
    if head.isWhole { return try checkedSize(head) }
    // How many frames there are, the beginning does not say of every format.
    if ![.tiff, .webp, .gif].contains(head.format), let size = try? headerSize(head) {
      try check(size, of: head)
      return size
    }
    return try checkedSize(open(path))
  }

  /// The mask at `path`, brought to `width × height` by nearest neighbour; what is above zero is
  /// anomalous. Throws `FileProblem`.
  public func readMask(_ path: String, width: Int, height: Int) throws -> Mask {
    try readMask(path).resized(width: width, height: height)
  }

  /// The mask at `path` in its own size. Throws `FileProblem`.
  func readMask(_ path: String) throws -> Mask {
    let file = try open(path)
    try check(headerSize(file), of: file, smallestSide: 1)
    return try opened(file, marks: true) { image in
      let mask = try image.mask()
      let values = try mask.pixels().map { $0 == 0 ? UInt8(0) : 1 }
      return Mask(width: mask.width, height: mask.height, values: values)
    }
  }

  private func open(_ path: String) throws -> PictureFile {
    let (size, overflows) = pixelLimit.multipliedReportingOverflow(by: 16)
    return try PictureFile(path: path, sizeLimit: overflows ? .max : size + (64 << 20))
  }

  private func decode(
    _ file: PictureFile, size wanted: (PictureSize) -> PictureSize?
  ) throws -> Picture {
    // Opening a BMP or a PNM decodes it; opening the others reads their headers, and once is enough.
    if file.format == .bmp || file.format == .pnm { _ = try checkedSize(file) }
    return try opened(file) { image in
      let original = PictureSize(width: image.width, height: image.height)
      try check(original, of: file)
      return try DecodingMemory.shared.decoding(pixels: original.width * original.height) {
        let size = wanted(original) ?? original
        let colour = try image.colour()
        let resized =
          size == original ? colour : try colour.resized(width: size.width, height: size.height)
        return Picture(
          width: size.width, height: size.height, rgb: try resized.rgb().pixels(),
          original: original)
      }
    }
  }

  /// `work` with the picture, whose bytes last as long as it does.
  /// - Parameter marks: for a mask, of which nothing above zero may be lost.
  private func opened<Result>(
    _ file: PictureFile, marks: Bool = false, _ work: (VipsImage) throws -> Result
  ) throws -> Result {
    guard file.format != .pnm else {
      let map = try explaining(file) { try PortableMap(file.bytes) }
      try PicturePages.refuseSeveral(in: file, found: map.isFollowed(in: file.bytes) ? 2 : 1)
      let pixels = try explaining(file) { try map.pixels(of: file.bytes, marks: marks) }
      return try explaining(file) {
        try pixels.withUnsafeBufferPointer {
          try work(
            VipsImage(
              pixels: $0, width: map.size.width, height: map.size.height, bands: map.bands))
        }
      }
    }
    return try explaining(file) {
      try file.bytes.withUnsafeBytes { bytes in
        let image = try VipsImage(
          encoded: bytes, format: file.format, oriented: appliesOrientation)
        try PicturePages.refuseSeveral(in: file, found: image.pages)
        return try work(image)
      }
    }
  }

  private func checkedSize(_ file: PictureFile) throws -> PictureSize {
    let size = try headerSize(file)
    try check(size, of: file)
    return size
  }

  private func headerSize(_ file: PictureFile) throws -> PictureSize {
    if file.format == .bmp, let size = BMPHeader.size(file.bytes) { return size }
    if file.format == .pnm { return try explaining(file) { try PortableMap(file.bytes).size } }
    return try opened(file) { PictureSize(width: $0.width, height: $0.height) }
  }

  private func check(
    _ size: PictureSize, of file: PictureFile, smallestSide: Int = PictureReader.smallestSide
  ) throws {
    let found = "\(size.width) × \(size.height) pixels"
    guard size.width >= smallestSide, size.height >= smallestSide else {
      throw FileProblem(
        path: file.path,
        reason: "\(found); at least \(smallestSide) × \(smallestSide) are needed")
    }
    let (pixels, overflows) = size.width.multipliedReportingOverflow(by: size.height)
    guard !overflows, pixels <= pixelLimit else {
      throw FileProblem(
        path: file.path,
        reason: "\(found) (\(Self.megapixels(pixels))) are more than the limit of "
          + "\(Self.megapixels(pixelLimit)); a picture that is meant to be so large is read with "
          + "--pixel-limit \((pixels + 999_999) / 1_000_000)")
    }
  }

  private static func megapixels(_ pixels: Int) -> String {
    let millions = Double(pixels) / 1e6
    return String(format: millions < 10 ? "%.1f megapixels" : "%.0f megapixels", millions)
  }

  private func explaining<Result>(
    _ file: PictureFile, _ work: () throws -> Result
  ) throws -> Result {
    let words: String
    do {
      return try Vips.run(work)
    } catch let error as VipsError {
      words = error.words
    } catch let damage as PortableMap.Damage {
      words = damage.words
    }
    // Of BMPs ImageMagick speaks, in the words of its own sources.
    let detail = words.isEmpty || file.format == .bmp ? "" : " (\(words))"
    throw FileProblem(
      path: file.path,
      reason: "damaged, cut off or of an unsupported kind of \(file.format.title)" + detail)
  }
}

extension PictureSize {
  /// The same aspect with the longer side at most `longerSide`.
  func fitting(_ longerSide: Int) -> PictureSize {
    let longest = max(width, height)
    guard longest > longerSide else { return self }
    let scale = Double(longerSide) / Double(longest)
    return PictureSize(
      width: max(1, Int((Double(width) * scale).rounded())),
      height: max(1, Int((Double(height) * scale).rounded())))
  }
}
