import Foundation
import Norma
import NormaCore
import OpenVINO
import Torch

/// What this machine has, and what Norma makes of it.
public struct MachineReport: Encodable {
  public struct Engine: Encodable {
    public var name: String
    public var version: String
    public var capabilities: String
  }

  public var norma = NormaVersion.current
  public var processor: String
  public var cores: Int
  /// Threads that engines and decoders take; see `Processors`.
  public var threads: Int
  public var engines: [Engine]
  public var trainingPrecision: String
  public var home: String
  public var weights: [String: String]

  public init() throws {
    let core = try Core()
    processor = try core.fullName()
    cores = ProcessInfo.processInfo.activeProcessorCount
    threads = Processors.current.count
    engines = [
      Engine(
        name: "OpenVINO", version: Core.version,
        capabilities: try core.capabilities().joined(separator: " ")),
      Engine(
        name: "LibTorch", version: Machine.version,
        capabilities: "\(Machine.vectorInstructions), \(counted(Machine.threads, "thread"))"),
      Engine(
        name: "libvips", version: PictureReader.decoder,
        capabilities: PictureFormat.readable.joined(separator: " ")),
    ]
    trainingPrecision = Machine.hasFastBF16 ? "bf16" : "float32"
    home = Home.norma
    weights = KnownBackbone.all.reduce(into: [:]) {
      $0[$1.name] = WeightsRegistry.standard.find($1)
    }
  }

  public var text: String {
    var lines = [
      "Norma \(norma)", "processor  \(processor), \(counted(cores, "core"))",
      "threads    \(Processors.current.text)",
      "training   \(trainingPrecision) (bf16 where the processor multiplies it)",
      "inspection float32 unless the recipe says bf16",
    ]
    lines += engines.map { "\($0.name)  \($0.version)  \($0.capabilities)" }
    lines.append("home       \(home)")
    lines.append("caches     \(Caches(home).summary())")
    lines.append("weights    " + (weights.isEmpty ? "none; see 'norma weights'" : ""))
    lines += weights.sorted { $0.key < $1.key }.map { "  \($0.key)  \($0.value)" }
    return lines.joined(separator: "\n")
  }
}
