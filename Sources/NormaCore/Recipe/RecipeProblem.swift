/// One thing that is wrong in a recipe.
public struct RecipeIssue: Sendable, Equatable {
  /// The key with its sections, as `training.epochs`.
  public var key: String
  public var reason: String
  /// Where it stands in the file; nil when the value came from elsewhere (a default, an option of
  /// the command line).
  public var line: Int?
  /// The reason names the key itself.
  var saysKey = false

  init(key: String, reason: String, line: Int? = nil, saysKey: Bool = false) {
    self.key = key
    self.reason = reason
    self.line = line
    self.saysKey = saysKey
  }
}

/// What is wrong with a recipe: everything at once, a line for each.
public struct RecipeProblem: Error, CustomStringConvertible, Sendable, Equatable {
  /// The file as it was named; nil when the values did not come from a file.
  public var file: String?
  public var issues: [RecipeIssue]

  init(file: String?, issues: [RecipeIssue]) {
    self.file = file
    self.issues = issues
  }

  init(file: String?, reason: String) {
    self.init(file: file, issues: [RecipeIssue(key: "", reason: reason)])
  }

  public var description: String {
    issues.map { issue in
      let place = file.map { file in issue.line.map { "\(file):\($0): " } ?? "\(file): " } ?? ""
      let key = issue.saysKey || issue.key.isEmpty ? "" : "\(issue.key): "
      return place + key + issue.reason
    }.joined(separator: "\n")
  }
}
