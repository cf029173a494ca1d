import NormaCore

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
            + "\(Figures.page.share(accuracy)) of the test pictures. Each is judged by the "
            + "threshold of the category recognised."
        }
      }
      if calibration.shared != nil || !calibration.categories.isEmpty { table }
      if calibration.categories.contains(where: {
        $0.threshold.basis == .leaning || $0.threshold.basis == .standardized
      }) {
        Markup("p", ["class": "note below"]) {
          "The pictures of all categories set each category’s threshold, each seen relative to what "
            + "is usual in its own category. The rate holds, about, over the categories together."
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
    guard let promised = calibration.weakest else {
      return "Calibrated on \(origin)."
    }
    let start =
      "A picture is anomalous when its score exceeds the threshold of its category, that is, at a level "
      + "above 1. Thresholds were set by \(Figures.count(promised.pictures)) \(origin): "
      + "about \(Figures.page.share(promised.rate)) of normal pictures are expected above"
    if promised.isExtrapolated {
      return start + ", by an extrapolated tail, as the pictures alone do not reach so far."
    }
    return calibration.isCoarserThanRequested
      ? start + ", the lowest rate that so many pictures can support; "
        + "\(Figures.page.share(calibration.requestedRate)) was asked for."
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
        if let shared = calibration.shared { row("One for all", shared, isShared: true) }
        if let pixel = calibration.pixelThreshold {
          Markup("tr") {
            Markup.rowHeading { "A pixel’s map value" }
            Markup.cell(Figures.value(pixel))
            Markup.cell(Figures.absent, style: "quiet")
            Markup.cell(Figures.absent, style: "quiet")
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
      Markup.cell(Figures.value(threshold.value))
      Markup("td") {
        Figures.page.share(threshold.rate)
        if threshold.isExtrapolated { Markup("small") { " extrapolated" } }
      }
      Markup("td", ["class": "quiet"]) {
        Figures.count(threshold.pictures, "picture", "pictures")
        if !isShared, threshold.basis != .category { " of all" }
      }
    }
  }
}

/// How far the model's probabilities hold: on anomalies made up on held-out pictures, and on defects.
struct ReliabilitySection {
  private let made: ReliabilityDiagram?
  private let found: ReliabilityDiagram?

  /// Nil where there is nothing to show.
  init?(_ content: ReportContent) {
    made = content.reliability
    found = content.evaluation?.reliability
    guard made != nil || found != nil else { return nil }
  }

  func markup() -> Markup {
    Markup("section", ["id": "reliability"]) {
      Markup("h2") { "Probabilities" }
      Markup("p", ["class": "prose"]) {
        "The model says of each token of a picture with which probability it is anomalous. Where "
          + "that holds, the points lie on the broken line: of the tokens that were called "
          + "anomalous with 30\u{A0}%, 30\u{A0}% are. Below the line it says too much, above it too "
          + "little. The expected calibration error is the mean distance from the line, each point "
          + "weighed by its tokens."
      }
      Markup("div", ["class": "reliabilities"]) {
        if let made {
          ReliabilityChart(title: "Made-up anomalies on held-out pictures", diagram: made).markup()
        }
        if let found {
          ReliabilityChart(
            title: "Defects of the test pictures, as marked", diagram: found
          ).markup()
        }
      }
    }
  }
}

/// How the loss fell, and which epoch was kept.
struct TrainingSection {
  let history: LossHistory

  func markup() -> Markup? {
    let chart = LossChart(history: history)
    let linear = chart.markup(.linear)
    let logarithmic = chart.markup(.logarithmic)
    guard linear != nil || logarithmic != nil else { return nil }
    let opensLogarithmic = logarithmic != nil
    return Markup("section", ["id": "training"]) {
      Markup("h2") { "Training" }
      Markup("p", ["class": "prose"]) { text }
      Markup("div", ["class": "scales"]) {
        if linear != nil, logarithmic != nil {
          choice("loss-logarithmic", "logarithmic", isChecked: opensLogarithmic)
          choice("loss-linear", "linear", isChecked: !opensLogarithmic)
        }
        Chart.legend(legend(chart))
        if let logarithmic {
          Markup("div", ["class": linear == nil ? nil : "on-logarithmic"]) { logarithmic }
        }
        if let linear {
          Markup("div", ["class": logarithmic == nil ? nil : "on-linear"]) { linear }
        }
      }
    }
  }

  /// A radio button with its label; style alone shows the chart of the one that is on.
  @MarkupBuilder
  private func choice(_ identifier: String, _ text: String, isChecked: Bool) -> Markup {
    Markup(
      "input",
      [
        "type": "radio", "name": "loss-scale", "id": identifier, "class": "unseen",
        "checked": isChecked ? "checked" : nil,
      ])
    Markup("label", ["for": identifier]) { text }
  }

  fileprivate func legend(_ chart: LossChart) -> [(style: String, text: String)] {
    var entries = [("stroke training", "training loss")]
    if chart.hasHeldOut { entries.append(("stroke held-out", "held-out loss")) }
    if let kept = history.keptEpoch { entries.append(("stroke kept", "kept: epoch \(kept)")) }
    return entries
  }

  fileprivate var text: String {
    guard let (kept, number) = history.keptOrLast else { return "" }
    var text =
      "The model holds the weights of epoch \(number) of \(history.epochs.count): training loss "
      + Figures.value(kept.training)
    if let heldOut = kept.heldOut {
      text += ", loss on held-out pictures \(Figures.value(heldOut))"
    }
    return text + "."
  }
}

/// How the losses of an ensemble's members fell, each by itself; those that were fitted have none.
struct MembersTrainingSection {
  let members: [LossHistory.Member]

  func markup() -> Markup? {
    let shown = members.compactMap { member in
      let chart = LossChart(history: member.losses)
      return (chart.markup(.logarithmic) ?? chart.markup(.linear)).map {
        (member: member, legend: TrainingSection(history: member.losses).legend(chart), drawn: $0)
      }
    }
    guard !shown.isEmpty else { return nil }
    return Markup("section", ["id": "training"]) {
      Markup("h2") { "Training" }
      for (member, legend, drawn) in shown {
        Markup("h3") { Markup.name(member.title) }
        Markup("p", ["class": "prose"]) { TrainingSection(history: member.losses).text }
        Chart.legend(legend)
        drawn
      }
    }
  }
}

/// What the trained network shows of itself.
struct PortraitSection {
  let portraits: [ReportContent.Portrait]

  func markup() -> Markup {
    Markup("section", ["id": "inside"]) {
      Markup("h2") { "Inside the network" }
      for portrait in portraits {
        Markup("h3") { portrait.title }
        portrait.markup()
      }
    }
  }
}

/// Training pictures that somebody should look at.
struct StraysSection {
  let strays: ReportContent.Portrait

  func markup() -> Markup {
    Markup("section", ["id": "strays"]) {
      Markup("h2") { strays.title }
      strays.markup()
    }
  }
}

extension ReportContent.Portrait {
  /// All but the heading.
  @MarkupBuilder fileprivate func markup() -> Markup {
    Markup("p", ["class": "prose"]) { text }
    Markup("ul", ["class": "strips"]) {
      for row in rows { Self.strip(row) }
    }
  }

  private static func strip(_ row: Row) -> Markup {
    Markup("li", ["class": row.tiles.count > 5 ? "wide" : nil]) {
      Markup("figure", ["class": "portrait"]) {
        Markup("div", ["class": "side-by-side"]) {
          for tile in row.tiles {
            PictureTile(
              label: tile.label, image: tile.image, alt: "\(row.caption): \(tile.label)"
            ).markup()
          }
        }
        Markup("figcaption") {
          Markup("span", ["class": "file"]) { row.caption }
          Markup("span") { row.tiles.map(\.label).joined(separator: " · ") }
        }
      }
    }
  }
}

/// What the model is and the recipe it was made by.
struct ModelSection {
  let model: ReportContent.Model

  func markup() -> Markup {
    Markup("section", ["id": "model"]) {
      Markup("h2") { "Model" }
      Markup("dl", ["class": "facts"]) {
        for fact in facts {
          Markup("div") {
            Markup("dt") { fact.label }
            Markup("dd") { Markup.name(fact.value) }
          }
        }
      }
      if let recipe = model.recipe {
        Markup("details") {
          Markup("summary") { "Recipe" }
          Markup("pre", ["tabindex": "0", "role": "region", "aria-label": "Recipe"]) {
            Markup("code") { recipe }
          }
        }
      }
    }
  }

  private var facts: [ReportContent.Fact] {
    var facts: [ReportContent.Fact] = [
      .init("method", model.method), .init("backbone", model.backbone),
      .init("precision", model.precision),
      .init("image size", "\(model.imageSize) × \(model.imageSize)\u{A0}px"),
      .init("categories", model.categories.joined(separator: ", ")),
      .init(
        "trained on",
        Figures.count(model.trainingPictures, "normal picture", "normal pictures")),
    ]
    if model.heldOutPictures > 0 {
      facts.append(
        .init(
          "held out",
          Figures.count(model.heldOutPictures, "normal picture", "normal pictures")))
    }
    if let seconds = model.trainingSeconds {
      facts.append(.init("training time", Figures.page.duration(seconds)))
    }
    facts.append(.init("made by", "Norma \(model.toolVersion)"))
    return facts + model.more
  }
}
