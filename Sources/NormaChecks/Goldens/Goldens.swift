import Foundation
import Networks
import NormaCore
import NormaFiles
import NormaTraining

/// Runs golden files through the engines.
public enum Goldens {
  /// - Parameters:
  ///   - path: a safetensors file or a folder of them.
  ///   - backbone: finds the backbone's parameters, folded, that a backbone's file needs; EfficientNet-B4's
  ///     unless said otherwise.
  ///   - engines: engines beside LibTorch that run a backbone's file too.
  /// - Throws: when there is no golden file at `path`. What is wrong with one file is its result.
  public static func run(
    at path: String,
    backbone: () throws -> [String: WeightTensor] = {
      try BackboneWeights.load("efficientnet-b4").parameters
    },
    engines: [BackboneGolden.Engine] = [BackboneGolden.openVINO]
  ) throws -> [GoldenResult] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw FileProblem(path: path, reason: "there is no such file or folder")
    }
    let files =
      isFolder.boolValue
      ? try FolderListing(path).files.sorted().filter { $0.hasSuffix(".safetensors") }
        .map { path + "/" + $0 } : [path]
    guard !files.isEmpty else {
      throw FileProblem(path: path, reason: "there is no .safetensors file in this folder")
    }
    return files.map { result($0, backbone: backbone, engines: engines) }
  }

  private static func result(
    _ path: String, backbone: () throws -> [String: WeightTensor],
    engines: [BackboneGolden.Engine]
  ) -> GoldenResult {
    let name = (path as NSString).lastPathComponent
    do {
      let file = try GoldenFile(path: path)
      do {
        return try run(file, backbone: backbone, engines: engines).explained()
      } catch {
        return .failed(name, method: file.method, "\(error)")
      }
    } catch {
      return .failed(name, method: "unknown", "\(error)")
    }
  }

  private static func run(
    _ file: GoldenFile, backbone: () throws -> [String: WeightTensor],
    engines: [BackboneGolden.Engine]
  ) throws -> GoldenResult {
    switch file.method {
    case "ras": return try MethodGolden(ras: file).run()
    case "rlr": return try MethodGolden(rlr: file).run()
    case "uniad": return try MethodGolden(uniad: file).run()
    case "metrics": return try metrics(file)
    case "backbone":
      let weights = try backbone()
      let results = try ([BackboneGolden.torch] + engines).map {
        try BackboneGolden.run(file, backbone: weights, engine: $0)
      }
      return results.max { ($0.outputs ?? .infinity) < ($1.outputs ?? .infinity) } ?? results[0]
    case let method:
      return .failed(file.name, method: method, "the method '\(method)' is not built")
    }
  }

  private static func metrics(_ file: GoldenFile) throws -> GoldenResult {
    let maps = try file.tensor("maps")
    let names = (file.decoded("expected", as: [String].self) ?? []).map(GoldenMetrics.name(of:))
    let expected = try file.tensor("expected").values
    guard names.count == expected.count, maps.shape.count == 3 else {
      throw GoldenError("\(file.name) does not name its \(expected.count) expected values")
    }
    let found = try GoldenMetrics.compute(
      labels: file.tensor("labels").values, scores: file.tensor("scores").values,
      masks: file.tensor("masks").values, maps: maps.values, height: maps.shape[1],
      width: maps.shape[2])
    let worst = zip(names, expected).reduce(0.0) { worst, pair in
      guard let name = pair.0, let value = found[name] else { return .infinity }
      return max(worst, abs(value - Double(pair.1)))
    }
    return GoldenResult(
      file: file.name, method: file.method, outputs: worst, passed: worst <= metricTolerance)
  }

  /// Metrics agree within this.
  static let metricTolerance = 1e-5
}
