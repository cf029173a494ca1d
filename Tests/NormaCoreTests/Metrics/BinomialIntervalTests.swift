import Foundation
import NormaCore
import Testing

@Suite struct BinomialIntervalTests {
  /// Ends as tables of Clopper and Pearson's intervals have them.
  @Test(arguments: [
    (21, 23, 0.7196, 0.9893), (5, 10, 0.1871, 0.8129), (1, 20, 0.00127, 0.24873),
    (0, 10, 0, 0.3085), (10, 10, 0.6915, 1), (4, 20, 0.0573, 0.4366),
  ])
  func endsAreThoseOfTables(count: Int, total: Int, low: Double, high: Double) throws {
    let found = try BinomialInterval(count, of: total)
    #expect(abs(found.low - low) < 6e-5 && abs(found.high - high) < 6e-5, "\(found)")
    #expect(found.share == Double(count) / Double(total))
  }

  /// P(X = 0) = (1 − p)ⁿ, by which the end can be said without any table, also of very small shares.
  @Test(arguments: [1, 7, 1000, 100_000])
  func withoutAnyTheEndIsKnown(total: Int) throws {
    let found = try BinomialInterval(0, of: total)
    let end = 1 - pow(0.025, 1 / Double(total))
    #expect(found.low == 0 && abs(found.high - end) < 1e-9 * max(end, 1e-3), "\(found)")
    let mirrored = try BinomialInterval(total, of: total)
    #expect(mirrored.high == 1 && abs(mirrored.low - (1 - end)) < 1e-9)
  }

  @Test func itIsNarrowerForMoreAndWiderForMoreConfidence() throws {
    let few = try BinomialInterval(9, of: 10)
    let many = try BinomialInterval(900, of: 1000)
    #expect(few.low < many.low && many.low < 0.9 && 0.9 < many.high && many.high < few.high)
    let sure = try BinomialInterval(9, of: 10, confidence: 0.999)
    #expect(sure.low < few.low && few.high < sure.high)
    let none = try BinomialInterval(0, of: 0)
    #expect(none.low == 0 && none.high == 1 && none.share == nil)
  }

  @Test(arguments: [(-1, 3), (4, 3), (0, -1)])
  func whatIsNoCountIsRefused(count: Int, total: Int) {
    #expect(throws: MetricError.self) { try BinomialInterval(count, of: total) }
    #expect(throws: MetricError.self) { try BinomialInterval(1, of: 2, confidence: 1) }
  }
}
