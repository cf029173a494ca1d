extension Duration {
  /// In seconds, with their fractions.
  public var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}
