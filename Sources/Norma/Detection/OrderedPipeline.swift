import Foundation

/// Works on numbered items by several threads and hands the results over in the items' order, never
/// more than a window of them ahead, so that memory stays bounded however many items there are.
public enum OrderedPipeline {
  /// Runs `count` items. Each of `workers` threads makes its own worker by `makeWorker` and calls it
  /// with item numbers; `deliver` gets the results on the calling thread. The error of the first item
  /// that has one (or of `deliver`) is thrown after all items before it were delivered and the threads
  /// have ended; that of a worker that could not be made stops everything at once.
  public static func run<Output: Sendable>(
    count: Int, workers: Int, makeWorker: @escaping @Sendable () throws -> (Int) throws -> Output,
    deliver: (Int, Output) throws -> Void
  ) throws {
    guard count > 0 else { return }
    let workers = min(max(workers, 1), count)
    let state = State<Output>(count: count, window: 4 * workers, threads: workers)
    for number in 0..<workers {
      let thread = Thread { state.work(makeWorker) }
      thread.name = "norma-\(number)"
      thread.stackSize = 8 << 20
      thread.start()
    }
    defer { state.stopAndWait() }
    for item in 0..<count { try deliver(item, try state.result(item)) }
  }

  /// What the threads share; everything mutable is guarded by the condition.
  private final class State<Output: Sendable>: @unchecked Sendable {
    private let condition = NSCondition()
    private let count: Int
    private let window: Int
    private var nextItem = 0
    private var delivered = 0
    private var results: [Int: Result<Output, any Error>] = [:]
    private var failure: (any Error)?
    private var isStopped = false
    private var threads: Int

    init(count: Int, window: Int, threads: Int) {
      (self.count, self.window, self.threads) = (count, window, threads)
    }

    func work(_ makeWorker: () throws -> (Int) throws -> Output) {
      do {
        let worker = try makeWorker()
        while let item = take() {
          put(item, Result { try autoreleasing { try worker(item) } })
        }
      } catch {
        fail(error)
      }
      Vips.endThread()
      locked {
        threads -= 1
        condition.broadcast()
      }
    }

    func result(_ item: Int) throws -> Output {
      try locked {
        while results[item] == nil, failure == nil { condition.wait() }
        if let failure { throw failure }
        guard let result = results.removeValue(forKey: item) else { throw CancellationError() }
        delivered = item + 1
        condition.broadcast()
        return try result.get()
      }
    }

    func stopAndWait() {
      locked {
        isStopped = true
        condition.broadcast()
        while threads > 0 { condition.wait() }
      }
    }

    private func take() -> Int? {
      locked {
        while !isStopped, nextItem < count, nextItem >= delivered + window { condition.wait() }
        guard !isStopped, nextItem < count else { return nil }
        defer { nextItem += 1 }
        return nextItem
      }
    }

    private func put(_ item: Int, _ result: Result<Output, any Error>) {
      locked {
        results[item] = result
        // All items before this one are done or under way; those after it will not be asked for.
        if case .failure = result { isStopped = true }
        condition.broadcast()
      }
    }

    private func fail(_ error: any Error) {
      locked {
        failure = failure ?? error
        isStopped = true
        condition.broadcast()
      }
    }

    private func locked<Result>(_ body: () throws -> Result) rethrows -> Result {
      condition.lock()
      defer { condition.unlock() }
      return try body()
    }
  }
}

/// On Apple's systems Foundation's temporary objects wait for a pool to be drained.
private func autoreleasing<Result>(_ body: () throws -> Result) throws -> Result {
  #if canImport(ObjectiveC)
    return try autoreleasepool { try body() }
  #else
    return try body()
  #endif
}
