/// For which picture size strided convolutions are padded.
///
/// TensorFlow's rule SAME pads a strided convolution by the size of its input, more at the right and
/// bottom when the amount is odd. The two readings differ where that size differs: for B4 at 224
/// pixels only in the 5×5 convolution of block 6, but visibly in every feature after it.
public enum BackbonePadding: String, Sendable, CaseIterable {
  /// As for the network's nominal resolution, whatever the picture's size (UniAD, RAS).
  case nominal = "static"
  /// As for the actual size (RLR; the weights' original training).
  case dynamic

  /// The padding of one axis whose size is `size`: before and after.
  package static func same(size: Int, kernel: Int, stride: Int) -> (before: Int, after: Int) {
    let output = (size + stride - 1) / stride
    let total = max(0, (output - 1) * stride + kernel - size)
    return (total / 2, total - total / 2)
  }

  /// The padding of a map of `height × width`.
  static func same(height: Int, width: Int, kernel: Int, stride: Int) -> Padding {
    let vertical = same(size: height, kernel: kernel, stride: stride)
    let horizontal = same(size: width, kernel: kernel, stride: stride)
    return Padding(
      top: vertical.before, left: horizontal.before, bottom: vertical.after,
      right: horizontal.after)
  }
}
