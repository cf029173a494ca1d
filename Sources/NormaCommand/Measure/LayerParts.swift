/// Tells by a layer's name which part of a model it belongs to: graphs name their operations by the
/// parameters that they use.
struct LayerParts {
  static let trunk = "trunk"
  /// The names of the parameters that the method has trained.
  let parameters: Set<String>

  /// The trunk, or the first word of the method's parameter (`decoder`, say; `level 1` where it is a
  /// number); nil for a name that does not tell.
  func part(of layer: String) -> String? {
    guard let end = layer.lastIndex(of: ".") else { return nil }
    let stem = layer[..<end]
    guard parameters.contains(where: { $0.hasPrefix(stem + ".") }) else { return Self.trunk }
    let word = stem.prefix { $0 != "." }
    return Int(word).map { "level \($0 + 1)" } ?? String(word)
  }
}
