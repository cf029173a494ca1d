import ArgumentParser
import Foundation
import NormaCore

/// `norma export`.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a model's graph as an .onnx file for another runtime.",
    discussion: """
      OpenVINO, ONNX Runtime and TensorRT read it. Input 'pictures': uint8
      [N, S, S, 3], RGB, resized to the model's size without keeping the aspect;
      normalisation is inside. Outputs 'anomaly_map' float [N, S, S], 'score'
      float [N], and 'feature' float [N, C].

        norma export line.norma --output line.onnx
      """)

  @Argument(help: "The model folder.")
  var model: String

  @Option(name: [.short, .long], help: "The file to write.")
  var output: String

  @Flag(help: "Replace a file that exists.")
  var force = false

  func run() throws {
    let folder = try ModelFolder.open(model)
    guard force || !FileManager.default.fileExists(atPath: output) else {
      throw FileProblem(path: output, reason: "the file exists; --force replaces it")
    }
    try AtomicFile.write(folder.data(ModelFile.graph), to: output)
    let shared = try folder.calibration().shared
    let size = folder.manifest.imageSize
    Terminal.say("\(output): pictures uint8 [N, \(size), \(size), 3] → anomaly_map, score, feature")
    if let shared {
      Terminal.say("A picture is anomalous when its score is above \(shared.value).")
    }
  }
}
