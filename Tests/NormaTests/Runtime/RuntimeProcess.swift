import Foundation
import TestSupport

/// `norma-runtime`, or another of the package's executables, as a process of its own.
struct RuntimeProcess {
  struct Result {
    var status: Int32
    var output: String
    var errors: String
    var lines: [String] { output.split(separator: "\n").map(String.init) }
  }

  struct NotBuilt: Error, CustomStringConvertible {
    var description: String
  }

  let process = Process()
  let output = Pipe()
  let errors = Pipe()

  init(
    _ arguments: [String], home: String, executable name: String = "norma-runtime"
  ) throws {
    // The tests' own executable lies beside those of the package.
    let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent()
    let executable = folder.appendingPathComponent(name)
    guard FileManager.default.isExecutableFile(atPath: executable.path) else {
      throw NotBuilt(description: "\(executable.path) is not built")
    }
    process.executableURL = executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(
      ["NORMA_HOME": home, "NORMA_SHARED": home + "/none"]) { $1 }
    process.standardOutput = output
    process.standardError = errors
    try process.run()
  }

  static func run(
    _ arguments: [String], home: String, executable: String = "norma-runtime"
  ) throws -> Result {
    let running = try RuntimeProcess(arguments, home: home, executable: executable)
    let output = running.output.fileHandleForReading.bytes()
    let errors = running.errors.fileHandleForReading.bytes()
    running.process.waitUntilExit()
    return Result(
      status: running.process.terminationStatus, output: String(decoding: output, as: UTF8.self),
      errors: String(decoding: errors, as: UTF8.self))
  }
}
