import ArgumentParser
import Foundation

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

/// Hands a verb over to `norma-runtime`, which lies beside the running executable and does not carry
/// LibTorch.
public enum RuntimeHandover {
  public static let executable = "norma-runtime"

  /// Turns this process into `norma-runtime` with `arguments` (the verb first). Returns only by
  /// throwing: when the executable is missing or cannot be run.
  public static func exec(_ arguments: [String]) throws -> Never {
    let path = try sibling()
    var pointers = ([path] + arguments).map { strdup($0) }
    pointers.append(nil)
    execv(path, pointers)
    let reason = String(cString: strerror(errno))
    for pointer in pointers { free(pointer) }
    throw HandoverError("\(path) cannot be run: \(reason)")
  }

  /// Where `norma-runtime` has to be.
  static func sibling() throws -> String {
    guard let own = Bundle.main.executableURL?.resolvingSymlinksInPath() else {
      throw HandoverError("the running executable's own place cannot be found")
    }
    let path = own.deletingLastPathComponent().appendingPathComponent(executable).path
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw HandoverError(
        "\(path) is missing: `inspect` and `evaluate` run in it. Build it (make build), or put it "
          + "beside \(own.lastPathComponent)")
    }
    return path
  }

  struct HandoverError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }
}

/// A verb of `norma-runtime` as `norma` offers it: the same arguments and help, run over there.
public struct HandedOver<Verb: ParsableCommand>: ParsableCommand {
  public static var configuration: CommandConfiguration { Verb.configuration }

  @OptionGroup public var verb: Verb

  public init() {}

  public func run() throws {
    try RuntimeHandover.exec(Array(CommandLine.arguments.dropFirst()))
  }
}
