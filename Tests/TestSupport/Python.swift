import Foundation

/// The Python that tests compare with: named by NORMA_PYTHON, else the one that set-up made, below
/// `.native` in the package.
public enum Python {
  /// The interpreter, if it can import `modules` (`a, b`); nil otherwise.
  public static func interpreter(importing modules: String) -> String? {
    let package = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let own = package.appendingPathComponent(".native/python/bin/python3").path
    let path = ProcessInfo.processInfo.environment["NORMA_PYTHON"] ?? own
    guard FileManager.default.isExecutableFile(atPath: path),
      (try? run(path, ["-c", "import " + modules]))?.status == 0
    else { return nil }
    return path
  }

  public static func run(
    _ interpreter: String, _ arguments: [String]
  ) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: interpreter)
    process.arguments = arguments
    let pipe = Pipe()
    (process.standardOutput, process.standardError) = (pipe, pipe)
    try process.run()
    let output = pipe.fileHandleForReading.bytes()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }
}
