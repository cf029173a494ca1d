import Foundation
import Norma
import NormaCore

/// Values as JSON text: keys sorted, so that equal values give equal text.
enum JSONText {
  static func line(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  static func line(_ outcome: Inspector.Outcome) throws -> String {
    switch outcome {
    case .verdict(let verdict): try line(verdict)
    case .unreadable(let problem): try line(Unreadable(problem))
    }
  }

  /// A picture without a verdict.
  struct Unreadable: Encodable {
    var path: String
    var error: String

    init(_ problem: FileProblem) { (path, error) = (problem.path, problem.reason) }
  }
}
