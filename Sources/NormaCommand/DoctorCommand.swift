import ArgumentParser
import CommandLineBasics
import Foundation
import Norma
import NormaChecks
import NormaCore

/// `norma doctor`.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Say what is installed and in which precision it works; check it against references.",
    discussion: """
      With --goldens, reference files (safetensors) of an independent
      implementation go through the engines: the largest deviation of outputs,
      loss, gradients, and of the weights after three optimiser steps. Exit
      code 0 when all pass, 3 otherwise.

      With --model, the model's graph computes its reference picture in both
      precisions, which is compared with what the network gave where it was
      trained; exit code 3 when the model's own precision is too far off. With
      --pictures besides, the trained network in LibTorch is compared with the
      graph in OpenVINO on these pictures.
      """)

  @Option(help: "A folder of reference files, or one.")
  var goldens: String?

  @Option(help: "A model folder whose reference picture is to be computed here.")
  var model: String?

  @Option(help: "With --model: a folder of pictures, or one, to compare the engines on.")
  var pictures: String?

  @Option(help: "At most this many of them.")
  var limit = 50

  @Option(help: "Also write pictures and LibTorch's results to this .safetensors file.")
  var dump: String?

  @Flag(help: "Replace a file of --dump that exists.")
  var force = false

  @Flag(help: "Remove what is kept to save time: computed features, compiled graphs, decoders.")
  var clean = false

  @Flag(help: "One JSON object instead of text.")
  var json = false

  func validate() throws {
    if pictures != nil, model == nil {
      throw ValidationError("--pictures are to compare a model's engines on; name it by --model.")
    }
    if dump != nil, pictures == nil {
      throw ValidationError("--dump is of a model's results; name it by --model, and --pictures.")
    }
    if force, dump == nil { throw ValidationError("--force replaces a --dump: name one.") }
    if limit < 1 { throw ValidationError("--limit is \(limit); at least 1 picture is needed.") }
  }

  func run() throws {
    if clean {
      let removed = Caches().trim(to: 0)
      Messages.say("removed \(Caches.size(removed)) from \(Home.norma)")
    }
    let results = try goldens.map { try Goldens.run(at: $0) }
    let reference = try model.map { model in
      let folder = try ModelFolder.open(model)
      if let caution = Detector.caution(for: folder) { Terminal.warn(caution) }
      return try ReferenceCheck(folder)
    }
    let agreement = try model.flatMap { model in
      try pictures.map {
        try EngineAgreement(model: model, pictures: $0, limit: limit, dump: dump, replaces: force)
      }
    }
    let machine = try MachineReport()
    if json {
      try StandardOutput.print(
        JSONText.line(
          Report(machine: machine, files: results, reference: reference, agreement: agreement)))
    } else {
      try StandardOutput.print(machine.text)
      if let results { try StandardOutput.print("\n" + Self.table(results)) }
      if let reference { try StandardOutput.print("\n" + reference.text) }
      if let agreement { try StandardOutput.print("\n" + agreement.text) }
    }
    if results?.allSatisfy(\.passed) == false || reference?.passed == false {
      throw ExitStatus.failure
    }
  }

  private struct Report: Encodable {
    var machine: MachineReport
    var files: [GoldenResult]?
    var reference: ReferenceCheck?
    var agreement: EngineAgreement?
  }

  static func table(_ results: [GoldenResult]) -> String {
    func number(_ value: Double?) -> String { value.map { String(format: "%.1e", $0) } ?? "–" }
    var table = TextTable(
      columns: ["file", "method", "outputs", "loss", "gradients", "weights", ""],
      right: [2, 3, 4, 5])
    for result in results {
      table.add([
        result.file, result.method, number(result.outputs), number(result.loss),
        number(result.gradients), number(result.weights),
        result.passed ? "passed" : "NOT PASSED" + (result.note.map { ": " + $0 } ?? ""),
      ])
    }
    return table.text
  }
}
