extension Mask {
  /// The share of each cell of a grid over the mask that is marked, row by row, from 0 to 1. Where the
  /// cells do not come out even, a pixel belongs to the one that its upper left corner lies in; a grid
  /// finer than the mask has what `resized` gives it.
  func shares(columns: Int, rows: Int) -> [Double] {
    guard columns <= width, rows <= height else {
      return resized(width: columns, height: rows).values.map(Double.init)
    }
    var marked = [Int](repeating: 0, count: columns * rows)
    var pixels = marked
    for y in 0..<height {
      let start = y * rows / height * columns
      for x in 0..<width {
        let cell = start + x * columns / width
        pixels[cell] += 1
        marked[cell] += Int(values[y * width + x])
      }
    }
    return zip(marked, pixels).map { Double($0) / Double($1) }
  }
}
