import ArgumentParser
import CommandLineBasics
import Norma
import NormaCore
import NormaJobs
import NormaRuntime

/// `norma export`.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a model's graph for another runtime, or the model in another precision.",
    discussion: """
      OpenVINO, ONNX Runtime and TensorRT read the .onnx file. Input 'pictures':
      uint8 [N, S, S, 3], RGB, resized to the model's size without keeping the
      aspect; normalisation is inside. Outputs 'anomaly_map' float [N, S, S],
      'score' float [N], and 'feature' float [N, C]; of URA-Net also 'suspicion',
      'probability' and 'uncertainty_map'. And the verdict: 'level' float [N], of
      which 1 is the threshold, 'anomalous' bool [N], 'category' int64 [N], an
      index into the list in the file's metadata, and 'unknown' bool [N], as far
      as the model can tell. Beside it lie a picture, line.reference.png, and
      what the graph has to give for it, line.reference.json.

        norma export line.norma --output line.onnx

      With --precision, the same model in float32, bf16 or int8: a folder of its
      own, to be used as any other. Int8 computes convolutions and products with
      weights in 8-bit integers; which values these cover is learnt from normal
      pictures, --pictures (a data set as for 'train'; its training pictures
      serve). The thresholds are those of the model, multiplied by how much
      higher these pictures score in the new precision; 'norma calibrate' sets
      new ones.

      Nothing is written when the anomaly maps of these pictures change too
      much, or when the data set has test pictures with known defects and the
      AUROC of pictures or pixels drops by more than --accept-drop.

        norma export line.norma --precision int8 --pictures pictures -o fast.norma
        norma export fast.norma --output fast.onnx
      """)

  @Argument(help: "The model folder.")
  var model: String

  @Option(name: [.short, .long], help: "The file to write; with --precision, the model folder.")
  var output: String

  @Option(help: "Write the model in this precision: f32, bf16 or int8.")
  var precision: ModelPrecision?

  @Option(help: "With --precision: normal pictures of the model's categories, a data set.")
  var pictures: String?

  @Option(help: "How many of them are looked at, at most.")
  var limit = 96

  @Option(help: "How many points of AUROC may be lost where that can be measured.")
  var acceptDrop = PrecisionJob.defaultAcceptedDrop

  @Flag(help: "Replace a file, or a model, that exists.")
  var force = false

  @OptionGroup var reading: DatasetOptions

  func validate() throws {
    if (precision == nil) != (pictures == nil) {
      throw ValidationError("--precision and --pictures belong together.")
    }
    guard (1...1000).contains(limit) else {
      throw ValidationError("--limit is \(limit); 1 to 1000 pictures can be said.")
    }
    if !(acceptDrop >= 0 && acceptDrop <= 100) {
      throw ValidationError("--accept-drop is \(acceptDrop); 0 to 100 points can be said.")
    }
    if precision != nil, output.lowercased().hasSuffix(".onnx") {
      throw ValidationError(
        "--precision writes a model folder, such as line-int8.norma; 'norma export' of that writes "
          + "its .onnx file.")
    }
  }

  func run() throws {
    let folder = try ModelFolder.open(model)
    guard let precision, let pictures else {
      return try GraphExportJob(model: folder, output: output, replaces: force, .terminal()).run()
    }
    try PrecisionJob(
      model: folder, precision: precision, dataset: pictures,
      reader: reading.reader(for: folder.manifest), limit: limit, output: output, replaces: force,
      acceptedDrop: acceptDrop, .terminal()
    ).run()
  }
}

extension ModelPrecision: ExpressibleByArgument {}
