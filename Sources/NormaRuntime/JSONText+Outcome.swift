import Foundation
import Norma
import NormaCore
import NormaFiles

extension JSONText {
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
