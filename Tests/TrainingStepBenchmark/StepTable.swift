import Foundation
import TestSupport

/// Each row measured in a process of its own, as a table.
struct StepTable {
  let rows: [StepRow]
  let bf16: Bool

  func run() throws {
    print("grid   batch  form    peak MiB   s a step   (\(bf16 ? "bf16" : "float32"))")
    for row in rows.isEmpty ? StepRow.all : rows {
      let (peak, seconds) = try measured(row)
      let columns = [
        "\(row.grid)×\(row.grid)".padded(7), "\(row.batch)".padded(7),
        row.form.rawValue.padded(8), peak.padded(11), seconds,
      ]
      print(columns.joined())
    }
  }

  private func measured(_ row: StepRow) throws -> (peak: String, seconds: String) {
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
