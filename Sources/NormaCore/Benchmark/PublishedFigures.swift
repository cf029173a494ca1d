import Yams

/// What a paper reports for a row of a table, in per cent.
public struct PublishedFigures: Codable, Sendable, Equatable {
  /// Image AUROC.
  public var image: Double?
  /// Pixel AUROC.
  public var pixel: Double?
  public var aupro: Double?
  /// Paper, table and data set.
  public var source: String?

  public init(
    image: Double? = nil, pixel: Double? = nil, aupro: Double? = nil, source: String? = nil
  ) {
    self.image = image
    self.pixel = pixel
    self.aupro = aupro
    self.source = source
  }
}

extension PublishedFigures: RecipeValue {
  private static let names = ["image", "pixel", "aupro", "source"]

  init(yaml node: Node) throws {
    guard case .mapping(let mapping) = node,
      mapping.keys.allSatisfy({ $0.string.map(Self.names.contains) ?? false })
    else {
      throw RecipeValueProblem(
        expected: "figures as {image: 98.4, pixel: 97.5, aupro: 93.0, source: RAS}", found: node)
    }
    self.init(
      image: try mapping["image"].map(Double.init(yaml:)),
      pixel: try mapping["pixel"].map(Double.init(yaml:)),
      aupro: try mapping["aupro"].map(Double.init(yaml:)),
      source: try mapping["source"].map(String.init(yaml:)))
  }

  var yaml: String {
    let figures = [("image", image), ("pixel", pixel), ("aupro", aupro)].compactMap { name, value in
      value.map { "\(name): \($0.yaml)" }
    }
    return "{\((figures + (source.map { ["source: \($0.yaml)"] } ?? [])).joined(separator: ", "))}"
  }
}
