import ArgumentParser

/// What an inspecting station needs, without LibTorch.
public struct RuntimeVerbs: ParsableCommand {
  public static let configuration = CommandConfiguration(
    commandName: RuntimeHandover.executable,
    abstract: "Inspects pictures with models that norma has trained.",
    subcommands: [Inspect.self, Evaluate.self])

  /// The same verbs for `norma`, which hands them over.
  public static let handedOver: [any ParsableCommand.Type] = [
    HandedOver<Inspect>.self, HandedOver<Evaluate>.self,
  ]

  public init() {}
}
