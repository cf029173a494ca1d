import Foundation

/// The executables that the same build made, run as a user would.
enum Executable: String {
  case norma
  case runtime = "norma-runtime"
  case train = "norma-train"

  /// Beside the test bundle: `.build/<configuration>/norma`.
  var path: String {
    let tests = Bundle.main.executablePath ?? CommandLine.arguments[0]
    var folder = URL(fileURLWithPath: tests).deletingLastPathComponent()
    // On macOS the bundle is a folder, three levels deep.
    while folder.path != "/" {
      let candidate = folder.appendingPathComponent(rawValue).path
      if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
      folder.deleteLastPathComponent()
    }
    return rawValue
  }
}

/// What a command left behind.
struct CommandResult: Sendable, CustomStringConvertible {
  var arguments: [String]
  /// The exit code; of a killed command, the signal's number, negative.
  var status: Int32
  var output: String
  var errors: String

  /// Everything that it said.
  var text: String { output + errors }
  var lines: [Substring] { output.split(separator: "\n") }

  var description: String {
    "norma \(arguments.joined(separator: " ")) → \(status)\n\(output)\(errors)"
  }
}

/// A command under way. Its output goes to files, so that nothing it says can block it.
final class RunningCommand: @unchecked Sendable {
  let process = Process()
  private let arguments: [String]
  private let folder: String
  private let ended: AsyncStream<Void>

  convenience init(
    _ executable: Executable, _ arguments: [String], environment: [String: String], folder: String
  ) throws {
    try self.init(
      path: executable.path, arguments, environment: environment, folder: folder)
  }

  init(
    path: String, _ arguments: [String], environment: [String: String], folder: String
  ) throws {
    self.arguments = arguments
    self.folder = folder + "/run-" + UUID().uuidString
    try FileManager.default.createDirectory(
      atPath: self.folder, withIntermediateDirectories: true)
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.environment = environment
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try Self.file(self.folder + "/out")
    process.standardError = try Self.file(self.folder + "/err")
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    ended = stream
    process.terminationHandler = { _ in continuation.finish() }
    try process.run()
  }

  private static func file(_ path: String) throws -> FileHandle {
    try Data().write(to: URL(fileURLWithPath: path))
    return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
  }

  /// SIGKILL: the command has no say in it.
  func kill() { _ = Foundation.kill(process.processIdentifier, SIGKILL) }

  func result() async throws -> CommandResult {
    for await _ in ended {}
    func text(_ name: String) throws -> String {
      String(decoding: try Data(contentsOf: URL(fileURLWithPath: folder + name)), as: UTF8.self)
    }
    let output = try text("/out")
    let errors = try text("/err")
    try? FileManager.default.removeItem(atPath: folder)
    let killed = process.terminationReason == .uncaughtSignal
    return CommandResult(
      arguments: arguments, status: killed ? -process.terminationStatus : process.terminationStatus,
      output: output, errors: errors)
  }
}
