import Foundation
import TestSupport

/// Each row measured in a process of its own, as a table.
struct CostTable {
  let rows: [CostRow]
  let bf16: Bool

  func run() throws {
    print("row".padded(24) + "peak MiB   s   (\(bf16 ? "bf16" : "float32"))")
    for row in rows {
      let (peak, seconds) = try measured(row)
      print(row.text.padded(24) + peak.padded(11) + seconds)
    }
  }

  private func measured(_ row: CostRow) throws -> (peak: String, seconds: String) {
    let process = Process()
    process.executableURL = Bundle.main.executableURL
    process.arguments = (bf16 ? ["--bf16"] : []) + ["--row", row.text]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.bytes(), as: UTF8.self)
    process.waitUntilExit()
    let parts = text.split(whereSeparator: \.isWhitespace)
    guard process.terminationStatus == 0, parts.count == 2, let seconds = Double(parts[1]) else {
      return ("-", "did not run (status \(process.terminationStatus))")
    }
    return (String(parts[0]), String(format: "%.2f", seconds))
  }
}

extension String {
  fileprivate func padded(_ width: Int) -> String {
    self + String(repeating: " ", count: max(1, width - count))
  }
}
