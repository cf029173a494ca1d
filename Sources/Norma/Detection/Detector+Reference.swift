import Foundation
import NormaCore
import OpenVINO

extension Detector {
  /// Compiles a graph; one that is new on this machine has to give for the reference picture what it gave
  /// where it was made.
  ///
  /// bf16 may be wrong where float32 is right (a processor whose products are, an engine's kernel), so it is
  /// done without, at a cost of time alone. Where float32 is wrong as well, nothing that the model says can
  /// be trusted, and no verdict is better than a wrong one. Int8 sums depend on the processor, and whoever
  /// set the thresholds may have set them on one like this: that is said, at every start.
  static func compiled(
    _ graph: Data, name: String, imageSize: Int, precision: Precision, _ options: Options,
    _ reference: ModelReference?
  ) throws -> (CompiledModel, Precision, caution: String?) {
    func compile(
      _ precision: Precision, _ reference: ModelReference?, cacheFolder: String?
    ) throws -> CompiledModel {
      // Several pictures at once gain nothing on a processor; a known batch compiles to a faster graph.
      let compileOptions = CompileOptions(
        precision: precision, hint: options.hint, cacheFolder: cacheFolder,
        threads: options.threads ?? Processors.current.imposed, batch: 1)
      do {
        return try Core().compile(onnx: graph, options: compileOptions) { compiled in
          guard let reference else { return }
          try check(compiled, imageSize: imageSize, name: name)
          try check(compiled, precision, against: reference)
        }
      } catch let error as DetectionError {
        throw error
      } catch let mismatch as ReferenceMismatch {
        throw mismatch
      } catch {
        throw DetectionError("\(name): \(error)")
      }
    }
    var found: ReferenceMismatch
    do {
      let compiled = try compile(precision, reference, cacheFolder: options.cacheFolder)
      return (compiled, precision, nil)
    } catch let mismatch as ReferenceMismatch {
      found = mismatch
    }
    if precision != .f32 {
      do {
        return (
          try compile(.f32, reference, cacheFolder: options.cacheFolder), .f32,
          "\(name) computes something else in \(precision.rawValue) on this machine than where it was "
            + "made: \(found). It computes in f32 instead, which is slower and right"
        )
      } catch let mismatch as ReferenceMismatch {
        found = mismatch
      }
    }
    guard reference?.isQuantized == true else { throw DetectionError(found.refusal(name)) }
    return (
      // Nor is it kept: it would be found without a word the next time.
      try compile(precision, nil, cacheFolder: nil), precision,
      "\(name) computes in 8-bit integers, and on this processor not as where it was made: \(found). "
        + "Its thresholds may not hold; check it by 'norma evaluate', or export the model in bf16 or f32"
    )
  }

  /// - Throws: ``ReferenceMismatch``.
  private static func check(
    _ compiled: CompiledModel, _ precision: Precision, against reference: ModelReference
  ) throws {
    let picture = ModelReference.picture(side: reference.imageSize)
    guard reference.isOf(picture) else { return }
    let session = DetectionSession(
      request: try compiled.makeRequest(), imageSize: reference.imageSize,
      perceives: perceives(compiled))
    let found: ModelReference
    do {
      found = try session.reference(picture)
    } catch let error as DetectionError {
      throw ReferenceMismatch(description: error.description)
    }
    let (deviation, tolerance) = (
      reference.deviation(of: found), reference.tolerance(bf16: precision == .bf16)
    )
    guard !deviation.isWithin(tolerance) else { return }
    throw ReferenceMismatch(
      description: "of the reference picture the score is \(found.score) instead of "
        + "\(reference.score) (off by: \(deviation.text); tolerated: \(tolerance.text))")
  }

  /// What the model gives for the reference picture here.
  public func reference(isQuantized: Bool = false) throws -> ModelReference {
    try session().reference(
      ModelReference.picture(side: imageSize), isQuantized: isQuantized)
  }
}

extension DetectionSession {
  /// - Parameter picture: ``ModelReference/picture(side:)``.
  fileprivate func reference(
    _ picture: [UInt8], isQuantized: Bool = false
  ) throws -> ModelReference {
    let found = try detect(
      Picture(width: imageSize, height: imageSize, rgb: picture), name: "the reference picture")
    return ModelReference(
      of: picture, imageSize: imageSize, score: found.score, map: found.map.values,
      feature: found.feature,
      isQuantized: isQuantized)
  }
}

/// What the model gives here for the reference picture is not what it gave where it was made.
private struct ReferenceMismatch: Error, CustomStringConvertible {
  let description: String

  /// When there is nothing to fall back to.
  func refusal(_ name: String) -> String {
    "\(name) computes something else on this machine than where it was made, in 32-bit floats as well: "
      + "\(self). Its verdicts cannot be trusted here, so none are given; 'norma doctor --model' shows "
      + "how far it is off, and an installation of another version of OpenVINO may be right"
  }
}
