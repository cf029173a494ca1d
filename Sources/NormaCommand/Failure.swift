import ArgumentParser
import Foundation
import NormaCore

/// How a command ends that went wrong.
enum Failure {
  /// The exit code of a failure that is no usage error.
  static let exitCode: Int32 = 3

  /// Runs `body`; an error is said on standard error, for people, and becomes an exit code.
  static func reported(_ body: () throws -> Void) throws {
    do {
      try body()
    } catch let stop as Interrupted {
      FileHandle.standardError.write(Data("\(stop)\n".utf8))
      throw ExitCode(Interrupted.exitCode)
    } catch let code as ExitCode {
      throw code
    } catch {
      FileHandle.standardError.write(Data("error: \(error)\n".utf8))
      throw ExitCode(exitCode)
    }
  }
}
