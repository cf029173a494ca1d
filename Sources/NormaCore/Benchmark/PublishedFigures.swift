import Networks

/// What a paper reports for a row of a table, in per cent.
public struct PublishedFigures: Codable, Sendable, Equatable {
  /// Image AUROC.
  public var image: Double?
  /// Pixel AUROC.
  public var pixel: Double?
  /// Paper, table and data set.
  public var source: String?

  public init(image: Double? = nil, pixel: Double? = nil, source: String? = nil) {
    self.image = image
    self.pixel = pixel
    self.source = source
  }
}

extension PublishedFigures: SettingValue {
  private static let names = ["image", "pixel", "source"]

  package init(yaml node: SettingNode) throws {
    guard case .mapping(let pairs) = node.content,
      pairs.allSatisfy({ $0.key.string.map(Self.names.contains) ?? false })
    else {
      throw SettingValueProblem(
        expected: "figures as {image: 98.4, pixel: 97.5, source: RAS}", found: node)
    }
    self.init(
      image: try node["image"].map(Double.init(yaml:)),
      pixel: try node["pixel"].map(Double.init(yaml:)),
      source: try node["source"].map(String.init(yaml:)))
  }

  package var yaml: String {
    let figures = [("image", image), ("pixel", pixel)].compactMap { name, value in
      value.map { "\(name): \($0.yaml)" }
    }
    return "{\((figures + (source.map { ["source: \($0.yaml)"] } ?? [])).joined(separator: ", "))}"
  }
}
