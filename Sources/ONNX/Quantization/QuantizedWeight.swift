import Foundation

/// A weight as int8, −127…127, symmetric around 0, with one scale an output channel: the channel's
/// largest magnitude becomes 127.
struct QuantizedWeight {
  /// In the weight's own order.
  let values: [Int8]
  /// One for each output channel.
  let scales: [Float]

  /// - Parameter axis: the weight's dimension of output channels.
  /// - Throws: `GraphError` when a value is not finite.
  init(_ weight: Constant, axis: Int, name: String) throws {
    guard weight.values.allSatisfy(\.isFinite) else {
      throw GraphError("the weight '\(name)' holds values that are not finite numbers")
    }
    let channels = weight.shape[axis]
    let inner = weight.shape[(axis + 1)...].reduce(1, *)
    func channel(_ index: Int) -> Int { index / inner % channels }
    var largest = [Float](repeating: 0, count: channels)
    for (index, value) in weight.values.enumerated() {
      largest[channel(index)] = max(largest[channel(index)], abs(value))
    }
    let channelwise = largest.map(AffineQuantization.init(symmetric:))
    scales = channelwise.map(\.scale)
    values = weight.values.enumerated().map { index, value in
      Int8(clamping: channelwise[channel(index)].quantized(value))
    }
  }
}

extension Constant {
  /// A floating-point constant of a file.
  /// - Throws: `GraphError` when its bytes are not as many as its shape needs.
  init(_ tensor: Onnx_TensorProto) throws {
    let shape = tensor.dims.map(Int.init)
    var left = tensor.rawData.count
    // Divided rather than multiplied: sizes that a file states may be anything.
    let fits =
      left % 4 == 0
      && shape.allSatisfy { size in
        guard size >= 1, left % size == 0 else { return false }
        left /= size
        return true
      }
    guard fits, left == 4 else {
      throw GraphError(
        "constant '\(tensor.name)' \(shape) has \(tensor.rawData.count) bytes, not four a value")
    }
    self.init(shape: shape) { values in
      _ = tensor.rawData.copyBytes(to: values)
    }
  }
}
