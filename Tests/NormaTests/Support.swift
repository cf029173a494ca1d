import Foundation
import TestSupport

// What most tests here need of the tests' common support, without an import in each file.
typealias TemporaryFolder = TestSupport.TemporaryFolder
typealias ParsedPage = TestSupport.ParsedPage

/// Writes a file whose name keeps its bytes: Foundation may compose letters anew.
func writeBytes(_ bytes: [UInt8], to path: String) throws {
  guard let file = fopen(path, "wb") else { throw CocoaError(.fileWriteUnknown) }
  defer { fclose(file) }
  guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
    throw CocoaError(.fileWriteUnknown)
  }
}
