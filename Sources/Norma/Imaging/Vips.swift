import CVips
import Foundation
import NormaCore

/// libvips' error messages lie in one buffer for the whole process. Work runs side by side and says
/// no more than that it failed; what failed is then run again alone, with the buffer to itself, so a
/// message never speaks of another thread's picture.
enum Vips {
  static var version: String { String(cString: cvips_version()) }

  /// Runs `work`, twice if the first time fails (it must be repeatable). Throws `VipsError` with
  /// libvips' words, or what `work` throws besides.
  static func run<Result>(_ work: () throws -> Result) throws -> Result {
    guard isStarted else { throw VipsError(words: "libvips could not be started: \(takeWords())") }
    pthread_rwlock_rdlock(lock.pointer)
    do {
      defer { pthread_rwlock_unlock(lock.pointer) }
      return try work()
    } catch is VipsFailure {}
    pthread_rwlock_wrlock(lock.pointer)
    defer { pthread_rwlock_unlock(lock.pointer) }
    _ = takeWords()
    do {
      return try work()
    } catch is VipsFailure {
      throw VipsError(words: takeWords())
    }
  }

  /// Frees what libvips keeps for the calling thread, which is about to end.
  static func endThread() { cvips_end_thread() }

  private static let isStarted = cvips_start("norma") == 0

  private static func takeWords() -> String {
    guard let words = cvips_error() else { return "" }
    defer { cvips_release_bytes(words) }
    return String(cString: words).split(separator: "\n").joined(separator: "; ")
  }

  private static let lock = Lock()

  private final class Lock: @unchecked Sendable {
    let pointer = UnsafeMutablePointer<pthread_rwlock_t>.allocate(capacity: 1)
    init() { pthread_rwlock_init(pointer, nil) }
    deinit {
      pthread_rwlock_destroy(pointer)
      pointer.deallocate()
    }
  }
}

/// A call into libvips failed; `Vips.run` finds out how.
struct VipsFailure: Error {}

/// What libvips says about a failure.
struct VipsError: Error {
  var words: String
}

/// A libvips image: a description of pixels that are decoded by `pixels()`. To be used inside
/// `Vips.run`.
final class VipsImage {
  private let handle: OpaquePointer

  private init(_ make: (UnsafeMutablePointer<OpaquePointer?>) -> Int32) throws {
    var made: OpaquePointer?
    guard make(&made) == 0, let made else {
      cvips_release(made)
      throw VipsFailure()
    }
    handle = made
  }

  deinit { cvips_release(handle) }

  /// An encoded picture; `bytes` must outlive the image and all that is made from it.
  convenience init(
    encoded bytes: UnsafeRawBufferPointer, format: PictureFormat, oriented: Bool
  ) throws {
    guard let format = format.vips else { throw VipsFailure() }
    try self.init {
      cvips_open(bytes.baseAddress, bytes.count, format, oriented ? 1 : 0, $0)
    }
  }

  /// Pixels that outlive the image, interleaved: 1 band is grey, 3 are RGB, 4 CMYK.
  convenience init(
    pixels: UnsafeBufferPointer<UInt8>, width: Int, height: Int, bands: Int
  ) throws {
    guard pixels.count == width * height * bands else { throw VipsFailure() }
    try self.init {
      cvips_from_pixels(pixels.baseAddress, Int32(width), Int32(height), Int32(bands), $0)
    }
  }

  var width: Int { Int(cvips_width(handle)) }
  var height: Int { Int(cvips_height(handle)) }
  /// Of the file that it came from.
  var pages: Int { Int(cvips_pages(handle)) }

  func colour() throws -> VipsImage { try VipsImage { cvips_to_colour(handle, $0) } }
  func mask() throws -> VipsImage { try VipsImage { cvips_to_mask(handle, $0) } }
  func rgb() throws -> VipsImage { try VipsImage { cvips_to_rgb(handle, $0) } }
  func resized(width: Int, height: Int) throws -> VipsImage {
    try VipsImage { cvips_resize(handle, Int32(width), Int32(height), $0) }
  }

  func blurred(deviation: Double) throws -> VipsImage {
    try VipsImage { cvips_blur(handle, deviation, $0) }
  }
  func scaled(by factor: Double, plus offset: Double) throws -> VipsImage {
    try VipsImage { cvips_linear(handle, factor, offset, $0) }
  }
  func shifted(right: Int, down: Int) throws -> VipsImage {
    try VipsImage { cvips_shift(handle, Int32(clamping: right), Int32(clamping: down), $0) }
  }
  func rotated(degrees: Double) throws -> VipsImage {
    try VipsImage { cvips_rotate(handle, degrees, $0) }
  }

  /// Decodes: interleaved bytes, `width · height · bands`.
  func pixels() throws -> [UInt8] {
    let size = width * height * Int(cvips_bands(handle))
    return try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      guard cvips_write(handle, buffer.baseAddress, size) == 0 else { throw VipsFailure() }
      count = size
    }
  }

  func encoded(_ format: PictureFormat, quality: Int) throws -> Data {
    var bytes: UnsafeMutableRawPointer?
    var count = 0
    guard let format = format.vips,
      cvips_encode(handle, format, Int32(quality), &bytes, &count) == 0, let bytes
    else { throw VipsFailure() }
    defer { cvips_release_bytes(bytes) }
    return Data(bytes: bytes, count: count)
  }
}

extension PictureFormat {
  /// Nil of what libvips does not decode here.
  fileprivate var vips: cvips_format? {
    switch self {
    case .jpeg: CVIPS_JPEG
    case .png: CVIPS_PNG
    case .tiff: CVIPS_TIFF
    case .webp: CVIPS_WEBP
    case .bmp: CVIPS_BMP
    case .gif: CVIPS_GIF
    // libvips itself calls its reader unfit for files that are not trusted.
    case .pnm: nil
    }
  }
}
