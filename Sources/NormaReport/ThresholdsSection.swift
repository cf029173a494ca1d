/// Where the thresholds come from, what they promise, and what they are.
struct ThresholdsSection {
  let calibration: ReportContent.Calibration
  let accuracy: Double?

  func markup() -> Markup {
    Markup("section", ["id": "thresholds"]) {
      Markup("h2") {
        "Thresholds"
        Markup("span", ["class": calibration.source == nil ? "status warning" : "status"]) {
          calibration.source == nil ? "uncalibrated" : "calibrated"
        }
      }
      Markup("p", ["class": calibration.source == nil ? "callout" : "prose"]) { meaning }
      if let accuracy, accuracy.isFinite {
        Markup("p", ["class": "prose"]) {
          "Without being told, the model recognised the category of "
            + "\(ReportNumbers.share(accuracy)) of the test pictures; with "
          Markup("code") { "--category auto" }
          " each is judged by the threshold of the category recognised."
        }
      }
      if calibration.shared != nil || !calibration.categories.isEmpty { table }
      if calibration.categories.contains(where: { $0.threshold.basis == .leaning }) {
        Markup("p", ["class": "note below"]) {
          "Where a category has too few pictures for the rate, those of all categories stand in, "
            + "each seen relative to its own category. The rate then holds over the categories "
            + "together."
        }
      }
    }
  }

  private var origin: String? {
    switch calibration.source {
    case .holdout: "normal pictures held out of training"
    case .crossFit: "normal training pictures, each scored by a network that had not seen it"
    case .folder: "normal pictures given after training"
    case nil: nil
    }
  }

  private var meaning: String {
    guard let origin else {
      return "No normal pictures that the network had not seen were there to set thresholds by. "
        + "Scores still tell which of two pictures is the more anomalous, but no false-alarm rate "
        + "stands behind a verdict. “norma calibrate MODEL FOLDER”, with a folder of new "
        + "normal pictures, gives thresholds that mean something."
    }
    guard let shared = calibration.shared ?? calibration.categories.first?.threshold else {
      return "Calibrated on \(origin)."
    }
    let start =
      "A picture is anomalous when its score exceeds the threshold. "
      + "The shared threshold was set by \(ReportNumbers.count(shared.pictures)) \(origin): "
      + "about \(ReportNumbers.share(shared.rate)) of normal pictures are expected above it"
    if shared.isExtrapolated {
      return start + ", by an extrapolated tail, as the pictures alone do not reach so far."
    }
    let isCoarser = shared.rate > calibration.requestedRate * (1 + 1e-9)
    return isCoarser
      ? start + ", the lowest rate that so many pictures can support; "
        + "\(ReportNumbers.share(calibration.requestedRate)) was asked for."
      : start + "."
  }

  private var table: Markup {
    Markup.table("Threshold values", style: "thresholds") {
      Markup("thead") {
        Markup("tr") {
          for title in ["For", "Threshold", "False-alarm rate", "Set by"] {
            Markup.columnHeading(title)
          }
        }
      }
      Markup("tbody") {
        for entry in calibration.categories { row(entry.category, entry.threshold) }
      }
      Markup("tfoot") {
        if let shared = calibration.shared { row("All categories", shared, isShared: true) }
        if let pixel = calibration.pixelThreshold {
          Markup("tr") {
            Markup.rowHeading { "A pixel’s map value" }
            Markup.cell(ReportNumbers.value(pixel))
            Markup.cell(ReportNumbers.absent, style: "quiet")
            Markup.cell(ReportNumbers.absent, style: "quiet")
          }
        }
      }
    }
  }

  private func row(
    _ name: String, _ threshold: ReportContent.Threshold, isShared: Bool = false
  ) -> Markup {
    Markup("tr") {
      Markup.rowHeading { Markup.name(name) }
      Markup.cell(ReportNumbers.value(threshold.value))
      Markup("td") {
        ReportNumbers.share(threshold.rate)
        if threshold.isExtrapolated { Markup("small") { " extrapolated" } }
      }
      Markup("td", ["class": "quiet"]) {
        ReportNumbers.count(threshold.pictures, "picture", "pictures")
        if !isShared, threshold.basis == .leaning || threshold.basis == .pooled { " of all" }
      }
    }
  }
}
