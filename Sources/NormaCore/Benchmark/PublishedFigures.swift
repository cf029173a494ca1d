import Yams

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

extension PublishedFigures: RecipeValue {
  private static let names = ["image", "pixel", "source"]

  init(yaml node: Node) throws {
    guard case .mapping(let mapping) = node,
      mapping.keys.allSatisfy({ $0.string.map(Self.names.contains) ?? false })
    else {
      throw RecipeValueProblem(
        expected: "figures as {image: 98.4, pixel: 97.5, source: RAS}", found: node)
    }
    self.init(
      image: try mapping["image"].map(Double.init(yaml:)),
      pixel: try mapping["pixel"].map(Double.init(yaml:)),
      source: try mapping["source"].map(String.init(yaml:)))
  }

  var yaml: String {
    let figures = [("image", image), ("pixel", pixel)].compactMap { name, value in
      value.map { "\(name): \($0.yaml)" }
    }
    return "{\((figures + (source.map { ["source: \($0.yaml)"] } ?? [])).joined(separator: ", "))}"
  }
}
