extension Recipe {
  /// The methods whose network rebuilds one map of features: noise on it is what RAS, Table 6,
  /// measures.
  public static let methodsOfOneMap = ["ras", "uniad"]

  /// Whether the method is one of those.
  public var rebuildsOneMap: Bool { Self.methodsOfOneMap.contains(method) }
}
