import Foundation

// What a training step of one RLR level costs, in time and memory, beside the naive form that keeps
// every score. Without arguments: the table, each row in a process of its own, so that no row sees
// another's memory.
//
//   training-step-benchmark [--bf16] [GRID:BATCH:FORM …]      FORM is norma or naive

let arguments = Array(CommandLine.arguments.dropFirst())
let bf16 = arguments.contains("--bf16")
do {
  if let index = arguments.firstIndex(of: "--row"), arguments.indices.contains(index + 1),
    let row = StepRow(arguments[index + 1])
  {
    let cost = try StepMeasurement(row: row, bf16: bf16).run()
    print(cost.peak, cost.seconds)
  } else {
    try StepTable(rows: arguments.compactMap(StepRow.init), bf16: bf16).run()
  }
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
