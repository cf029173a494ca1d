import Foundation
import NormaBenchmark
import NormaCore
import Testing

struct BenchmarkStoreTests {
  @Test func whatIsKeptIsThereAfterwards() throws {
    try Fixture.withFolder { folder in
      let path = folder + "/benchmark.sqlite"
      let record = try Fixture.record(Fixture.run("one", seed: 0), lead: 4)
      do {
        let store = try BenchmarkStore(path: path)
        #expect(try !store.contains(record.key))
        #expect(try store.record(record.key) == nil)
        try store.add(record)
      }
      let again = try BenchmarkStore(path: path)
      #expect(try again.contains(record.key))
      #expect(try again.record(record.key) == record)
      #expect(try again.record("another") == nil)
    }
  }

  @Test func aRunReplacesItsOwnOlderOneAlone() throws {
    try Fixture.withFolder { folder in
      let store = try BenchmarkStore(path: folder + "/benchmark.sqlite")
      let other = try Fixture.record(Fixture.run("two", seed: 0), lead: 2)
      try store.add(other)
      try store.add(Fixture.record(Fixture.run("one", seed: 0), lead: 4))
      let newer = try Fixture.record(Fixture.run("one", seed: 0), lead: 6)
      try store.add(newer)
      #expect(try store.record(newer.key) == newer)
      #expect(try store.record(other.key) == other)
    }
  }

  @Test func whatIsNoDatabaseIsSaid() throws {
    try Fixture.withFolder { folder in
      let path = folder + "/benchmark.sqlite"
      try Data("not a database, but a text of some length, so that it is looked at".utf8)
        .write(to: URL(fileURLWithPath: path))
      let problem = #expect(throws: FileProblem.self) { try BenchmarkStore(path: path) }
      #expect(problem?.description.contains(path) == true)
    }
  }
}
