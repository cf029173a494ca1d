import Foundation
import NormaFiles

extension ModelFolder {
  /// The model's calibration.
  /// - Throws: `FileProblem` that names the file when the model has none or it cannot be read.
  public func calibration() throws -> Calibration {
    let json = try data(ModelFile.calibration)
    do {
      return try Calibration(json: json)
    } catch let error as CalibrationError {
      throw FileProblem(path: "\(path)/\(ModelFile.calibration)", reason: "\(error)")
    }
  }
}
