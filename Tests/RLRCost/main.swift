import Foundation

// What RLR costs, in time and memory, beside the naive form that keeps every score: a training step of
// one level, and the three levels of one picture without the trunk, as when it is inspected. Without
// rows: the table, each row in a process of its own, so that no row sees another's memory.
//
//   rlr-cost [--bf16] [GRID:BATCH:FORM …] [levels:FORM:ENGINE …]
//
// FORM is norma or naive, ENGINE openvino or libtorch.

let arguments = Array(CommandLine.arguments.dropFirst())
let bf16 = arguments.contains("--bf16")
do {
  if let index = arguments.firstIndex(of: "--row"), arguments.indices.contains(index + 1),
    let row = CostRow(arguments[index + 1])
  {
    let cost = try row.measured(bf16: bf16)
    print(cost.peak, cost.seconds)
  } else if arguments.first == "--graph", arguments.count == 3,
    let form = CostRow.Form(rawValue: arguments[1])
  {
    try LevelsMeasurement(form: form, engine: .openvino, bf16: bf16).graph()
      .write(to: URL(fileURLWithPath: arguments[2]))
  } else {
    let words = arguments.filter { $0 != "--bf16" }
    let rows = words.compactMap(CostRow.init)
    guard rows.count == words.count else {
      throw CostError("a row is GRID:BATCH:FORM or levels:FORM:ENGINE, such as 32:4:naive")
    }
    try CostTable(rows: rows.isEmpty ? CostRow.all : rows, bf16: bf16).run()
  }
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
