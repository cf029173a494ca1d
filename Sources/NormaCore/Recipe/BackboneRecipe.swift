/// The frozen network that turns pictures into feature maps.
public struct BackboneRecipe: RecipeSection {
  /// Which padding strided convolutions get: as for the network's nominal resolution (380 pixels
  /// for B4), or TensorFlow's SAME at the actual size. ResNets pad evenly, whatever this says.
  public enum Padding: String, RecipeChoice {
    case `static`, dynamic
  }

  public var name = "efficientnet-b4"
  /// Pictures are resized to a square of this side, in pixels.
  public var imageSize = 224
  /// Blocks, counted from 0, whose outputs are used; nil: the last ones at strides 2, 4, 8 and 16, or
  /// for ResNets at 4, 8 and 16 (layers 1, 2 and 3).
  public var taps: [Int]?
  public var padding = Padding.static
  /// A file of weights; nil: those that are known by the backbone's name.
  public var weights: String?

  public init() {}

  public static let keys: [RecipeKey<BackboneRecipe>] = [
    .value("name", \.name), .value("imageSize", \.imageSize), .value("taps", \.taps),
    .value("padding", \.padding), .value("weights", \.weights),
  ]

  /// The backbones that there are.
  public static let known = KnownBackbone.all.map(\.name)
}
