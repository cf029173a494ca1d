import Foundation

extension String {
  /// The names in a list: `a, b,c` gives `[a, b, c]`. Empty ones are left out.
  public var commaSeparated: [String] {
    split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }
}
