import Networks

/// One measurement.
enum CostRow {
  enum Form: String {
    case norma, naive
  }

  enum Engine: String {
    case openvino, libtorch
  }

  /// A training step of one level: a square grid, a batch, and the form of the network.
  case step(grid: Int, batch: Int, form: Form)
  /// The three levels of one picture, without gradients.
  case levels(form: Form, engine: Engine)

  /// `GRID:BATCH:FORM` or `levels:FORM:ENGINE`.
  init?(_ text: String) {
    let parts = text.split(separator: ":").map(String.init)
    guard parts.count == 3 else { return nil }
    if parts[0] == "levels", let form = Form(rawValue: parts[1]),
      let engine = Engine(rawValue: parts[2])
    {
      self = .levels(form: form, engine: engine)
    } else if let grid = Int(parts[0]), let batch = Int(parts[1]),
      let form = Form(rawValue: parts[2]), grid > 1, batch > 0
    {
      self = .step(grid: grid, batch: batch, form: form)
    } else {
      return nil
    }
  }

  var text: String {
    switch self {
    case .step(let grid, let batch, let form): "\(grid):\(batch):\(form.rawValue)"
    case .levels(let form, let engine): "levels:\(form.rawValue):\(engine.rawValue)"
    }
  }

  func measured(bf16: Bool) throws -> Cost {
    switch self {
    case .step(let grid, let batch, let form):
      try StepMeasurement(level: Self.level(grid), batch: batch, form: form, bf16: bf16).run()
    case .levels(let form, let engine):
      try LevelsMeasurement(form: form, engine: engine, bf16: bf16).run()
    }
  }

  /// EfficientNet-B4's level of this grid at 256 pixels, with the paper's width and window.
  static func level(_ grid: Int) -> RLRLevelShape {
    let known = [64: (32, 128, 11), 32: (56, 256, 7), 16: (160, 512, 5)]
    let (channels, hidden, window) = known[grid] ?? (32, 128, 5)
    return RLRLevelShape(
      channels: channels, grid: Grid(height: grid, width: grid), hidden: hidden, window: window)
  }

  static let all = [
    "16:4:norma", "16:4:naive", "32:4:norma", "32:4:naive", "64:1:norma", "64:1:naive",
    "64:4:norma", "levels:norma:openvino", "levels:naive:openvino", "levels:norma:libtorch",
    "levels:naive:libtorch",
  ].compactMap(CostRow.init)
}
