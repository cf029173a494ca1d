/// The parameters of one layer of a backbone: what a file of weights holds of it, and what the network is
/// given. The two differ where something that no longer learns is folded into what stands beside it.
public enum BackboneLayer: Sendable, Equatable {
  /// Weight and bias, into which the batch norm that follows is folded; ε of that norm.
  case convolution(ConvolutionParameters, epsilon: Double)
  /// A tensor that is used as it is stored.
  case tensor(name: String, shape: [Int])
  /// The same, which is zeros where a file has none.
  case optionalTensor(name: String, shape: [Int])
  /// A linear map with LayerScale's factors folded in.
  case scaledLinear(ScaledLinearParameters)
  /// The class token and the position embeddings.
  case tokens(TokenParameters)

  /// The names that the network asks for, and their shapes.
  public var parameters: [(name: String, shape: [Int])] {
    switch self {
    case .convolution(let convolution, _):
      [
        (convolution.weightName, convolution.weightShape),
        (convolution.biasName, convolution.biasShape),
      ]
    case .tensor(let name, let shape), .optionalTensor(let name, let shape): [(name, shape)]
    case .scaledLinear(let linear):
      [(linear.weightName, linear.weightShape), (linear.biasName, linear.biasShape)]
    case .tokens(let tokens):
      [
        (tokens.classToken, [1, 1, tokens.width]),
        (tokens.positions, [1, tokens.count, tokens.width]),
      ]
    }
  }
}

/// One convolution's parameters: a weight, a bias, and the batch norm that follows where a file still
/// has it apart.
public struct ConvolutionParameters: Sendable, Equatable {
  /// timm's name without `.weight`, for example `blocks.1.0.conv_dw`.
  public let name: String
  /// `[out, in / groups, height, width]`; the bias has the first of these.
  public let weightShape: [Int]
  /// timm's name of the batch norm to be folded into weight and bias, for example `blocks.1.0.bn2`;
  /// `nil` for the convolutions of squeeze-and-excitation, which have a bias of their own.
  public let batchNorm: String?

  public var weightName: String { name + ".weight" }
  public var biasName: String { name + ".bias" }
  public var biasShape: [Int] { [weightShape[0]] }
}

/// The parameters of a linear map whose outputs are multiplied by a learned factor each: LayerScale (Touvron
/// et al., "Going deeper with image transformers", 2021).
public struct ScaledLinearParameters: Sendable, Equatable {
  /// timm's name without `.weight`, for example `blocks.1.attn.proj`.
  public let name: String
  /// `[out, in]`.
  public let weightShape: [Int]
  /// timm's name of the factors `[out]`, for example `blocks.1.ls1.gamma`; nil for none.
  public let scale: String?

  public var weightName: String { name + ".weight" }
  public var biasName: String { name + ".bias" }
  public var biasShape: [Int] { [weightShape[0]] }
}

/// The class token and the learned positions of a vision transformer. Files hold a position for the class
/// token before those of the patches, and it is added to the token; or (timm's models with registers) it is
/// added already.
public struct TokenParameters: Sendable, Equatable {
  public let classToken: String
  public let positions: String
  /// Patches that have a position of their own.
  public let count: Int
  public let width: Int

  /// The shape of positions in which the class token's comes first.
  public var shapeWithClass: [Int] { [1, count + 1, width] }
  /// The shape of positions of the patches alone.
  public var shapeOfPatches: [Int] { [1, count, width] }
}
