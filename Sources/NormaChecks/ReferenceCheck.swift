import Foundation
import Norma
import NormaCore
import OpenVINO

/// Whether a model gives on this machine what it gave where it was made, for the picture that it keeps the
/// results of, in each arithmetic.
public struct ReferenceCheck: Encodable {
  public struct Row: Encodable {
    /// OpenVINO's precision.
    public var engine: String
    /// Whether the model inspects in it.
    public var isModels: Bool
    /// nil when it could not be computed.
    public var deviation: ModelReference.Deviation?
    public var tolerance: ModelReference.Deviation
    public var passed: Bool
    public var note: String?
  }

  public var model: String
  /// Empty when the model keeps no reference.
  public var rows: [Row]

  /// - Throws: `FileProblem` when the model cannot be read.
  public init(_ model: ModelFolder) throws {
    self.model = model.path
    guard let reference = try model.reference() else {
      rows = []
      return
    }
    let own = model.manifest.modelPrecision?.arithmetic
    rows = [Precision.f32, .bf16].map { precision in
      var row = Row(
        engine: "OpenVINO \(precision.rawValue)", isModels: precision == own, deviation: nil,
        tolerance: reference.tolerance(bf16: precision == .bf16), passed: false, note: nil)
      do {
        let found = try Detector(model: model, options: .init(hint: .latency, precision: precision))
          .reference(isQuantized: reference.isQuantized)
        guard found.picture == reference.picture else {
          row.note = "its reference is of another picture than this version draws"
          row.passed = true
          return row
        }
        let deviation = reference.deviation(of: found)
        row.passed = deviation.isWithin(row.tolerance)
        // JSON has no infinity.
        if deviation.score.isFinite, deviation.map.isFinite, deviation.feature.isFinite {
          row.deviation = deviation
        } else {
          row.note = "what it gives has other sizes, or is not a number"
        }
      } catch {
        row.note = "\(error)"
      }
      return row
    }
  }

  /// Whether the arithmetic that the model inspects in gives what it should.
  public var passed: Bool { rows.allSatisfy { $0.passed || !$0.isModels } }

  public var text: String {
    guard !rows.isEmpty else {
      return
        "\(model) keeps no reference picture; models of this version do, trained or exported anew"
    }
    func number(_ value: Double?) -> String { value.map { String(format: "%.1e", $0) } ?? "–" }
    var table = TextTable(
      columns: ["reference picture", "score", "map", "features", ""], right: [1, 2, 3])
    for row in rows {
      table.add([
        row.engine + (row.isModels ? ", the model's own" : ""), number(row.deviation?.score),
        number(row.deviation?.map), number(row.deviation?.feature),
        (row.passed ? "passed" : "NOT PASSED") + (row.note.map { ": " + $0 } ?? ""),
      ])
    }
    return "\(model)\n\n" + table.text
  }
}
