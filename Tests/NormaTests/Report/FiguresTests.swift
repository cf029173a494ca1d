import NormaCore
import Testing

/// Figures as pages and terminals write them.
@Suite struct FiguresTests {
  @Test func metricsAndValues() {
    #expect(Figures.metric(0.98449) == "98.4" && Figures.metric(0.98449, decimals: 2) == "98.45")
    #expect(Figures.metric(.nan) == "–" && Figures.metric(nil) == "–")
    #expect(Figures.difference(0.0031) == "+0.3" && Figures.difference(-0.012) == "−1.2")
    #expect(Figures.difference(0) == "+0.0")
    #expect(Figures.value(0.34567) == "0.3457" && Figures.value(0) == "0")
    #expect(Figures.value(12.3456) == "12.35" && Figures.value(-.infinity) == "–")
    #expect(Figures.value(0.00001234) == "1.23e-05" && Figures.value(1234.5) == "1234")
    // A level never reads as on the other side of its threshold.
    let levels = [0, 0.4267, 0.9999, 1, 1.0001, 1.834, 12.34, 345.6].map(Figures.level)
    #expect(levels == ["0.00", "0.42", "0.99", "1.00", "1.01", "1.84", "12.3", "346"])
    #expect(Figures.number(0.345678) == "0.3457" && Figures.number(12.30) == "12.3")
    #expect(Figures.number(1.23456, digits: 3) == "1.23")
    #expect(Figures.pValue(1 / 21) == "0.048" && Figures.pValue(nil) == "–")
    #expect(Figures.pValue(0.00012) == "1.2e-04")
  }

  @Test func countsAndTheirNouns() {
    #expect(Figures.count(1198) == "1,198" && Figures.count(1_000_007) == "1,000,007")
    #expect(Figures.count(-12) == "-12" && Figures.count(999) == "999")
    #expect(Figures.count(1, "picture", "pictures") == "1 picture")
    #expect(Figures.count(1198, "category", "categories") == "1,198 categories")
    // In running text and messages numbers stand as they are.
    #expect(counted(1, "file") == "1 file" && counted(1198, "file") == "1198 files")
    #expect(counted(0, "file") == "0 files")
  }

  /// On a page a line never breaks between a number and its unit.
  @Test(arguments: [(Figures.page, "\u{A0}"), (Figures.terminal, " ")])
  func unitsStandBehindASpace(units: Figures.Units, space: String) {
    #expect(units.share(1 / 64) == "1.6\(space)%" && units.share(0.0005) == "0.05\(space)%")
    #expect(units.share(0) == "0.0\(space)%" && units.share(nil) == "–")
    #expect(units.percent(0.0005) == "0.1\(space)%" && units.percent(.nan) == "–")
    #expect(units.percent(0.98449, decimals: 2) == "98.45\(space)%")
    #expect(units.percent(0.015625, digits: 2) == "1.6\(space)%")
    #expect(units.percent(0.01, digits: 3) == "1\(space)%")
    #expect(units.duration(3.14) == "3.1\(space)s" && units.duration(42) == "42\(space)s")
    #expect(units.duration(860) == "14\(space)min 20\(space)s")
    #expect(units.duration(180) == "3\(space)min")
    #expect(units.duration(7260) == "2\(space)h 1\(space)min")
    #expect(units.duration(-1) == "–" && units.duration(nil) == "–")
  }

  @Test func timesOnATerminalAreWholeSeconds() {
    #expect(Figures.duration(7.4) == "7 s" && Figures.duration(180) == "3 min 0 s")
    #expect(Figures.duration(200) == "3 min 20 s" && Figures.duration(7500) == "2 h 5 min")
  }
}
