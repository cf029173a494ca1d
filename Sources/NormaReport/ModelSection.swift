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
        ReportNumbers.count(model.trainingPictures, "normal picture", "normal pictures")),
    ]
    if model.heldOutPictures > 0 {
      facts.append(
        .init(
          "held out",
          ReportNumbers.count(model.heldOutPictures, "normal picture", "normal pictures")))
    }
    if let seconds = model.trainingSeconds {
      facts.append(.init("training time", ReportNumbers.duration(seconds)))
    }
    facts.append(.init("made by", "Norma \(model.toolVersion)"))
    return facts + model.more
  }
}
