extension Array {
  /// At most `count` of the elements, in their order and evenly over it.
  package func spread(_ count: Int) -> [Element] {
    guard count < self.count else { return self }
    return (0..<Swift.max(0, count)).map { self[$0 * self.count / count] }
  }
}
