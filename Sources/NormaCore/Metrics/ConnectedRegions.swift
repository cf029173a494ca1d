/// The 8-connected regions of a binary picture, as horizontal runs of pixels.
///
/// Runs of neighbouring rows that touch, also at a corner, are joined by union–find (He, Chao &
/// Suzuki, "A run-based two-scan labeling algorithm", 2008): work and memory go with the number of
/// runs, and areas and boxes need no label picture.
package struct ConnectedRegions: Sendable {
  /// Foreground pixels `start..<end` of one row.
  package struct Run: Sendable, Equatable {
    package var row: Int
    package var start: Int
    package var end: Int
    /// Which region the run belongs to, counted from 0 in the order of the regions' first runs.
    package var region: Int
  }

  /// All runs in raster order.
  package private(set) var runs: [Run] = []
  /// Pixels a region.
  package private(set) var areas: [Int] = []

  /// Finds the regions of the pixels that are not zero.
  ///
  /// - Parameter mask: height × width, row by row.
  package init(mask: [UInt8], width: Int, height: Int) throws {
    guard width >= 0, height >= 0, mask.count == width * height else {
      throw MetricError.lengths(
        what: "pixels of a mask of \(width)×\(height)", found: mask.count,
        expected: width * height)
    }
    mask.withUnsafeBufferPointer { scan($0, width: width, height: height) }
    number(joinTouching(height: height))
  }

  private mutating func scan(_ mask: UnsafeBufferPointer<UInt8>, width: Int, height: Int) {
    for row in 0..<height {
      let base = row * width
      var column = 0
      while column < width {
        if mask[base + column] == 0 {
          column += 1
          continue
        }
        let start = column
        while column < width, mask[base + column] != 0 { column += 1 }
        runs.append(Run(row: row, start: start, end: column, region: 0))
      }
    }
  }

  /// Union–find over runs: the root of each run is the earliest run of its region.
  private func joinTouching(height: Int) -> [Int] {
    var parent = Array(runs.indices)
    func root(_ run: Int) -> Int {
      var run = run
      while parent[run] != run {
        parent[run] = parent[parent[run]]
        run = parent[run]
      }
      return run
    }
    var above = 0
    for current in runs.indices {
      let run = runs[current]
      // Runs above that end before this one begins cannot touch it or any later one of the row.
      while above < current,
        runs[above].row < run.row - 1
          || runs[above].row == run.row - 1 && runs[above].end < run.start
      { above += 1 }
      var candidate = above
      while candidate < current, runs[candidate].row == run.row - 1,
        runs[candidate].start <= run.end
      {
        let (first, second) = (root(candidate), root(current))
        parent[max(first, second)] = min(first, second)
        candidate += 1
      }
    }
    return runs.indices.map(root)
  }

  private mutating func number(_ roots: [Int]) {
    for run in runs.indices {
      if roots[run] == run {
        runs[run].region = areas.count
        areas.append(0)
      } else {
        runs[run].region = runs[roots[run]].region
      }
      areas[runs[run].region] += runs[run].end - runs[run].start
    }
  }
}
