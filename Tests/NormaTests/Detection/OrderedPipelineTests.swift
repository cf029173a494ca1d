import Foundation
import Norma
import Testing

@Suite struct OrderedPipelineTests {
  private struct Failure: Error, Equatable { var item: Int }

  private func run(
    count: Int, workers: Int, failing: Set<Int> = [], slow: Set<Int> = []
  ) -> (delivered: [Int], error: Failure?) {
    var delivered: [Int] = []
    do {
      try OrderedPipeline.run(count: count, workers: workers) {
        { item in
          if slow.contains(item) { usleep(20_000) }
          if failing.contains(item) { throw Failure(item: item) }
          return item * item
        }
      } deliver: { item, square in
        #expect(square == item * item)
        delivered.append(item)
      }
      return (delivered, nil)
    } catch {
      return (delivered, error as? Failure)
    }
  }

  @Test(arguments: [1, 3, 8])
  func resultsComeInOrder(workers: Int) {
    let (delivered, error) = run(count: 60, workers: workers, slow: [0, 7, 31])
    #expect(delivered == Array(0..<60) && error == nil)
  }

  /// Whichever thread is first: what is before the first failure is delivered, and that is told.
  @Test(arguments: [1, 2, 4])
  func theFirstFailureInOrderDecides(workers: Int) {
    for slow in [[5], [4, 5], [0], [6]] as [Set<Int>] {
      let (delivered, error) = run(
        count: 40, workers: workers, failing: [5, 6, 7], slow: slow)
      #expect(delivered == Array(0..<5), "\(slow)")
      #expect(error == Failure(item: 5), "\(slow)")
    }
  }

  @Test func aWorkerThatCannotBeMadeStopsEverything() {
    let error = #expect(throws: Failure.self) {
      try OrderedPipeline.run(count: 9, workers: 2) { () throws -> (Int) throws -> Int in
        throw Failure(item: -1)
      } deliver: { _, _ in
      }
    }
    #expect(error == Failure(item: -1))
  }
}
