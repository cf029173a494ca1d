import Foundation
import NormaBenchmark
import NormaCore
import NormaFiles
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

  @Test func recordsTravelAsFiles() throws {
    try Fixture.withFolder { folder in
      var record = try Fixture.record(Fixture.run("one", seed: 0), lead: 4)
      record.pictures[3].uncertainty = 0.25
      (record.pictures[3].flagged, record.pictures[3].level) = (true, 1.5)
      record.pictures[3].unknown = false
      let other = try Fixture.record(Fixture.run("two", seed: 1), lead: 2)
      try record.write(into: folder)
      try other.write(into: folder)
      let read = try BenchmarkRecord.all(in: folder)
      #expect(read.count == 2 && read.contains(record) && read.contains(other))
      let store = try BenchmarkStore(path: folder + "/benchmark.sqlite")
      for record in read { try store.add(record) }
      #expect(
        try store.record(record.key) == record, "how sure it was, and what it said, is kept too")

      let path = BenchmarkRecord.path(of: other.key, in: folder)
      try Data("{\"run\": {}}".utf8).write(to: URL(fileURLWithPath: path))
      let damaged = #expect(throws: FileProblem.self) { try BenchmarkRecord.all(in: folder) }
      #expect(damaged?.description.contains(path) == true)
      let empty = folder + "/models"
      try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
      #expect(throws: FileProblem.self) { try BenchmarkRecord.all(in: empty) }
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
