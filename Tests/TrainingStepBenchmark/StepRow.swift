import Networks

/// One measurement: a square grid, a batch, and the form of the network.
struct StepRow {
  enum Form: String {
    case norma, naive
  }

  let grid: Int
  let batch: Int
  let form: Form

  /// `GRID:BATCH:FORM`.
  init?(_ text: String) {
    let parts = text.split(separator: ":")
    guard parts.count == 3, let grid = Int(parts[0]), let batch = Int(parts[1]),
      let form = Form(rawValue: String(parts[2])), grid > 1, batch > 0
    else { return nil }
    (self.grid, self.batch, self.form) = (grid, batch, form)
  }

  var text: String { "\(grid):\(batch):\(form.rawValue)" }

  /// EfficientNet-B4's level of this grid at 256 pixels, with the paper's width and window.
  var level: RLRConfiguration.Level {
    let known = [64: (32, 128, 11), 32: (56, 256, 7), 16: (160, 512, 5)]
    let (channels, hidden, window) = known[grid] ?? (32, 128, 5)
    return RLRConfiguration.Level(
      channels: channels, grid: Grid(height: grid, width: grid), hidden: hidden, window: window)
  }

  static let all = [
    "16:4:norma", "16:4:naive", "32:4:norma", "32:4:naive", "64:1:norma", "64:1:naive",
    "64:4:norma",
  ].compactMap(StepRow.init)
}
