import Foundation

/// One of several pictures side by side, with a label for those who enlarge it.
package struct PictureTile {
  let label: String
  let image: Data?
  /// What the picture shows, for those who do not see it.
  let alt: String

  package init(label: String, image: Data?, alt: String) {
    (self.label, self.image, self.alt) = (label, image, alt)
  }

  package func markup() -> Markup {
    guard let image, let type = Self.mediaType(image) else {
      return Self.placeholder(label, "none")
    }
    return Markup("span", ["class": "tile"]) {
      Markup(
        "img",
        [
          "src": "data:\(type);base64,\(image.base64EncodedString())", "alt": alt,
          "decoding": "async",
        ])
      Markup("span", ["class": "label", "aria-hidden": "true"]) { label }
    }
  }

  /// Stands where a picture would.
  static func placeholder(_ label: String, _ text: String) -> Markup {
    Markup("span", ["class": "tile empty"]) {
      Markup("span", ["class": "nothing"]) { text }
      Markup("span", ["class": "label", "aria-hidden": "true"]) { label }
    }
  }

  /// The media type by the file's signature; nil for what browsers may not show.
  private static func mediaType(_ image: Data) -> String? {
    if image.starts(with: [0xFF, 0xD8, 0xFF]) { return "image/jpeg" }
    if image.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return "image/png" }
    if image.starts(with: Array("RIFF".utf8)), image.dropFirst(8).starts(with: Array("WEBP".utf8)) {
      return "image/webp"
    }
    return nil
  }
}
