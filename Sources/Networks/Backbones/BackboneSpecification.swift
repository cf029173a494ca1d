/// A backbone as data, of whichever family: what a trunk, the names of its parameters and the check of
/// a weights file need to know. Blocks are counted over the whole network, from 0.
public protocol BackboneSpecification: Sendable {
  /// As recipes name it: `efficientnet-b4`, `resnet18`.
  var name: String { get }
  /// Input pictures' normalisation, as the network was trained.
  var normalization: PictureNormalization { get }
  var blockCount: Int { get }
  /// The blocks whose outputs are used when nobody says otherwise; the last one is at stride 16.
  var defaultTaps: [Int] { get }
  /// ε of the batch norms.
  var epsilon: Double { get }

  func outputChannels(ofBlock index: Int) -> Int
  /// How many times smaller block `index`'s output is than the picture.
  func stride(ofBlock index: Int) -> Int
  /// Side of the map that block `index` gives for square pictures of `imageSize` pixels.
  func mapSize(ofBlock index: Int, imageSize: Int, padding: BackbonePadding) -> Int
  /// The convolutions before the first block, in the order of the forward pass.
  var stemConvolutions: [ConvolutionParameters] { get }
  /// The block's convolutions, in the order of the forward pass.
  func convolutions(ofBlock index: Int) -> [ConvolutionParameters]
  /// Prefixes of the names of everything that belongs to the stem and to the stages that end with
  /// `lastBlock` or before it.
  func scopes(throughBlock lastBlock: Int) -> [String]

  /// The network with its weights, from normalised pictures `[batch, 3, S, S]` to one map
  /// `[batch, C, h, w]` for each tap.
  ///
  /// - Parameters:
  ///   - taps: blocks, ascending.
  ///   - padding: for networks that were trained with TensorFlow's; others have their own.
  ///   - parameters: source of weight and bias of each of `convolutions`, batch norms folded.
  func network<V: Value>(
    taps: [Int], padding: BackbonePadding, parameters: Parameters<V>
  ) throws -> (V) throws -> [V]
}

extension BackboneSpecification {
  /// - Throws: ``BackboneError`` unless `taps` are blocks of this network in ascending order.
  public func check(taps: [Int]) throws {
    guard let first = taps.first, let last = taps.last else {
      throw BackboneError("\(name) needs at least one tap; its default is \(defaultTaps)")
    }
    guard first >= 0, last < blockCount, zip(taps, taps.dropFirst()).allSatisfy(<) else {
      throw BackboneError(
        "\(name) has the blocks 0 to \(blockCount - 1); the taps \(taps) must be among them, "
          + "ascending (default \(defaultTaps))")
    }
  }

  /// The last block at each of `strides`.
  ///
  /// - Throws: ``BackboneError`` for a stride that no block has.
  public func taps(atStrides strides: [Int]) throws -> [Int] {
    try strides.map { stride in
      guard let block = (0..<blockCount).last(where: { self.stride(ofBlock: $0) == stride }) else {
        throw BackboneError("\(name) has no block at stride \(stride)")
      }
      return block
    }
  }

  /// Every convolution from the stem to block `lastBlock`, in the order of the forward pass.
  public func convolutions(throughBlock lastBlock: Int) -> [ConvolutionParameters] {
    stemConvolutions + (0...lastBlock).flatMap { convolutions(ofBlock: $0) }
  }

  /// Shapes of the parameters that the network asks for when its last tap is `lastBlock`, batch norms
  /// folded, by name.
  public func parameterShapes(throughBlock lastBlock: Int) -> [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    for convolution in convolutions(throughBlock: lastBlock) {
      shapes[convolution.weightName] = convolution.weightShape
      shapes[convolution.biasName] = convolution.biasShape
    }
    return shapes
  }
}

/// The backbones that can be built.
public enum Backbones {
  public static let all: [any BackboneSpecification] = efficientNets + resNets
  private static let efficientNets: [any BackboneSpecification] = EfficientNetSpecification.all
  private static let resNets: [any BackboneSpecification] = ResNetSpecification.all

  /// The backbone called `name`, or `nil` when there is none.
  public static func named(_ name: String) -> (any BackboneSpecification)? {
    all.first { $0.name == name }
  }
}
