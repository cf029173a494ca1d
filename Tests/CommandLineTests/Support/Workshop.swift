import Foundation
import NormaCore
import NormaFiles
import TestSupport

/// A folder of its own for each test, with a `NORMA_HOME` that holds a backbone of random weights, so
/// that nothing of the machine's user is seen or touched. It goes away with its owner.
final class Workshop: Sendable {
  private let folder: TemporaryFolder
  let home: String

  /// - Parameter home: another workshop's, to share its weights and features.
  init(home: String? = nil) throws {
    folder = try TemporaryFolder()
    self.home = home ?? folder["home"]
    if home == nil {
      let weights = self.home + "/weights"
      try FileManager.default.createDirectory(atPath: weights, withIntermediateDirectories: true)
      try write(RandomBackbone.safetensors(), to: "home/weights/efficientnet-lite0.safetensors")
      try write(Data(Self.recipe.utf8), to: "tiny.yaml")
    } else {
      try write(Data(Self.recipe.utf8), to: "tiny.yaml")
    }
  }

  var path: String { folder.path }

  /// A network that learns in a second: 64 pixels, a grid of 4×4, and checkpoints at every epoch.
  static let recipe = """
    backbone:
      name: efficientnet-lite0
      imageSize: 64
    ras:
      hidden: 32
      heads: 2
      feedforward: 32
      encoder: 1
      decoder: 1
      window: 3
    training:
      epochs: 12
      batch: 4
      holdout: 0.25
      checkpointEvery: 0

    """

  var environment: [String: String] {
    var result = [
      "NORMA_HOME": home, "NORMA_SHARED": path + "/none", "HOME": path,
      // Other tests run beside this one: idle threads must not spin.
      "OMP_WAIT_POLICY": "PASSIVE",
    ]
    for name in ["PATH", "LD_LIBRARY_PATH", "TMPDIR"] {
      result[name] = ProcessInfo.processInfo.environment[name]
    }
    return result
  }

  /// Starts a command in this folder; relative paths are of this folder.
  /// - Parameter fault: at its how-manieth step of a save the command is to kill itself.
  func start(
    _ arguments: [String], with executable: Executable = .norma, fault: Int? = nil
  ) throws -> RunningCommand {
    var environment = environment
    environment["NORMA_FAULT"] = fault.map { "\($0)" }
    return try RunningCommand(executable, arguments, environment: environment, folder: path)
  }

  /// `norma` with what a shell makes of the arguments: where its output goes, say.
  func shell(_ arguments: String) async throws -> CommandResult {
    try await RunningCommand(
      path: "/bin/sh", ["-c", "exec '\(Executable.norma.path)' \(arguments)"],
      environment: environment, folder: path
    ).result()
  }

  func norma(_ arguments: String...) async throws -> CommandResult {
    try await start(arguments).result()
  }

  func runtime(_ arguments: String...) async throws -> CommandResult {
    try await start(arguments, with: .runtime).result()
  }

  func train(_ arguments: String...) async throws -> CommandResult {
    try await start(arguments, with: .train).result()
  }

  @discardableResult
  func write(_ data: Data, to name: String) throws -> String {
    try folder.file(name, data)
  }

  func data(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path + "/" + name))
  }

  /// A recipe like the tiny one, but for what `replacing` changes and for the sections added.
  func writeRecipe(
    _ name: String, adding sections: String = "", replacing changes: [String: String] = [:]
  ) throws {
    var text = sections + Self.recipe
    for (old, new) in changes { text = text.replacingOccurrences(of: old, with: new) }
    try write(Data(text.utf8), to: name)
  }

  /// Files that a save did not get to name.
  var leftovers: [String] {
    let files = FileManager.default.enumerator(atPath: path)?.allObjects as? [String] ?? []
    return files.filter { $0.contains(".writing-") || $0.hasSuffix(".previous") }
  }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }
}
