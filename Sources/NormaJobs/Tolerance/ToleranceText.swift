import Norma
import NormaCore
import NormaReport

/// A disturbance's table for the terminal.
public enum ToleranceText {
  public static func table(
    _ disturbance: ToleranceResult.Disturbance, models: [String]
  ) -> String {
    var table = TextTable(
      columns: [
        disturbance.name, "model", "image AUROC", "pixel AUROC", "false alarms", "misses",
      ], right: [0, 2, 3, 4, 5])
    for step in disturbance.steps {
      for (index, (model, figures)) in zip(models, step.models).enumerated() {
        table.add([
          index == 0 ? step.label : "", model, Figures.metric(figures?.imageAUROC),
          Figures.metric(figures?.pixelAUROC), Figures.metric(figures?.falseAlarmRate),
          Figures.metric(figures?.missRate),
        ])
      }
    }
    return "\n\(disturbance.title): \(disturbance.unit)\n\n\(table.text)"
  }
}
