import Foundation
import NormaFiles

/// Hears how a job goes. A job never writes to a terminal itself: what a person is to know goes through
/// here, and whoever runs the job decides where it appears.
public protocol JobObserver: Sendable {
  /// A line of what is going on.
  func note(_ text: String)

  /// A line beside the results: what a person should see even where a program reads the notes.
  func aside(_ text: String)

  /// A stretch of the job begins whose end can be foreseen.
  ///
  /// - Parameters:
  ///   - title: what is done, such as "Extracting features".
  ///   - total: how much there is of it.
  ///   - unit: what is counted, such as "pictures".
  func stage(_ title: String, total: Int, unit: String) -> any JobStage
}

/// A stretch of a job under way. Used from one thread.
public protocol JobStage: AnyObject {
  /// - Parameters:
  ///   - done: of the total, those of an earlier run included.
  ///   - detail: what else is to be said, such as the loss.
  func update(_ done: Int, detail: String)

  /// The stretch was done to its end.
  func finish()

  /// The stretch is over, whether it was done or not; after ``finish()`` this does nothing.
  func clear()
}

extension JobStage {
  public func update(_ done: Int) { update(done, detail: "") }
}

/// Hears nothing: for jobs that nobody watches.
public struct SilentObserver: JobObserver {
  public init() {}
  public func note(_ text: String) {}
  public func aside(_ text: String) {}
  public func stage(_ title: String, total: Int, unit: String) -> any JobStage { Stage() }

  private final class Stage: JobStage {
    func update(_ done: Int, detail: String) {}
    func finish() {}
    func clear() {}
  }
}

/// What a job works under: who hears of it, who may stop it, and where it keeps what it may need again.
public struct JobContext: Sendable {
  public let observer: any JobObserver
  public let cancellation: Cancellation
  /// The folder of computed features, decoders and the like, which may be deleted at any time.
  public let caches: String

  public init(
    observer: any JobObserver = SilentObserver(), cancellation: Cancellation = Cancellation(),
    caches: String = Home.norma
  ) {
    self.observer = observer
    self.cancellation = cancellation
    self.caches = caches
  }

  /// The same without its notes: warnings and progress are still heard.
  public var withoutNotes: JobContext {
    JobContext(
      observer: WithoutNotes(observer: observer), cancellation: cancellation, caches: caches)
  }

  private struct WithoutNotes: JobObserver {
    let observer: any JobObserver

    func note(_ text: String) {}
    func aside(_ text: String) { observer.aside(text) }
    func stage(_ title: String, total: Int, unit: String) -> any JobStage {
      observer.stage(title, total: total, unit: unit)
    }
  }

  /// Which folders of caches this process has brought below their bound.
  private static let trimmed = Trimmed()

  private final class Trimmed: @unchecked Sendable {
    private let lock = NSLock()
    private var folders: Set<String> = []

    func once(_ folder: String, _ work: () -> Void) {
      if lock.withLock({ folders.insert(folder).inserted }) { work() }
    }
  }

  /// The folder `name` of the caches, made when it is missing. The first time, what was used least recently is
  /// removed from all caches until they are below their bound (``Caches/limit``).
  /// - Throws: `FileProblem` when it cannot be made.
  public func cacheFolder(_ name: String) throws -> String {
    let path = caches + "/" + name
    try FilePath.createFolder(path)
    Self.trimmed.once(caches) { Caches(caches).trim() }
    return path
  }

  public func note(_ text: String) { observer.note(text) }
  public func aside(_ text: String) { observer.aside(text) }

  /// A line about something that went wrong but stops nothing.
  public func warning(_ text: String) { observer.aside("warning: " + text) }

  /// A line about a part of the job that failed while the rest goes on.
  public func failure(_ text: String) { observer.aside("error: " + text) }

  /// See ``JobObserver/stage(_:total:unit:)``.
  public func stage(_ title: String, total: Int, unit: String) -> any JobStage {
    observer.stage(title, total: total, unit: unit)
  }

  public var isStopRequested: Bool { cancellation.isRequested }

  /// Throws ``Interrupted`` with `message` once a stop is requested.
  public func check(_ message: String) throws { try cancellation.check(message) }
}

/// Whether somebody wants a job to stop, as a question that long work asks between two steps. Who asks for
/// it, a signal, a request or another task, is not the job's concern.
public final class Cancellation: Sendable {
  private let flag = Flag()

  public init() {}

  public var isRequested: Bool { flag.isRaised }

  /// Asks the job to stop; false when that was asked before.
  @discardableResult
  public func request() -> Bool { flag.raise() }

  /// Throws ``Interrupted`` with `message` once a stop is requested.
  public func check(_ message: String) throws {
    if isRequested { throw Interrupted(message) }
  }

  private final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private var raised = false

    var isRaised: Bool { lock.withLock { raised } }

    /// Raises the flag; false when it was up already.
    func raise() -> Bool {
      lock.withLock {
        defer { raised = true }
        return !raised
      }
    }
  }
}

/// Work was stopped on request; the message says what was kept and how to go on.
public struct Interrupted: Error, CustomStringConvertible, Sendable {
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}

extension Duration {
  /// In seconds, with their fractions.
  public var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}

/// The processor time that this process has used, all its threads together.
public enum ProcessorTime {
  public static var seconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
