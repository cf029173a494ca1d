import Foundation
import NormaCore
import NormaFiles
import Testing

extension CommandLineTests {
  @Suite struct DoctorTests {
    @Test func itSaysWhatIsInstalled() async throws {
      let doctor = try await Workshop().norma("doctor", "--json")
      #expect(doctor.status == 0, "\(doctor)")
      #expect(try doctor.doctor.files == nil)
      #expect(doctor.lines.count == 1, "one JSON object: \(doctor)")
    }

    @Test func referencesThatAreNotUnderstoodDoNotPass() async throws {
      let workshop = try Workshop()
      let tensors = ["input": WeightTensor(shape: [2], values: [1, 2])]
      try workshop.write(
        SafeTensors.write(tensors, metadata: ["method": "\"fastflow\""]),
        to: "goldens/fastflow.safetensors")
      try workshop.write(
        SafeTensors.write(tensors, metadata: ["method": "\"ras\""]),
        to: "goldens/ras.safetensors")
      try workshop.write(
        SafeTensors.write(tensors), to: "goldens/unnamed.safetensors")
      try workshop.write(Data("rubbish".utf8), to: "goldens/rubbish.safetensors")
      try workshop.write(Data("not looked at".utf8), to: "goldens/README")

      let checked = try await workshop.norma("doctor", "--goldens", "goldens", "--json")
      #expect(checked.status == 3, "\(checked)")
      let files = try #require(try checked.doctor.files)
      #expect(
        files.map(\.file) == [
          "fastflow.safetensors", "ras.safetensors", "rubbish.safetensors", "unnamed.safetensors",
        ])
      #expect(files.map(\.method) == ["fastflow", "ras", "unknown", "unknown"])
      #expect(files.allSatisfy { !$0.passed })
      #expect(files.first?.note?.contains("fastflow") == true)
      #expect(files.allSatisfy { $0.note?.isEmpty == false }, "each says why")

      let table = try await workshop.norma("doctor", "--goldens", "goldens")
      #expect(table.status == 3)
      for file in files { #expect(table.output.contains(file.file), "\(table)") }
      #expect(table.output.contains("NOT PASSED"), "\(table)")
    }

    @Test func noReferencesAtAllIsAFailure() async throws {
      let workshop = try Workshop()
      try workshop.write(Data(), to: "empty/README")
      for path in ["missing", "empty"] {
        let checked = try await workshop.norma("doctor", "--goldens", path, "--json")
        #expect(checked.status == 3, "\(checked)")
        #expect(checked.errors.contains(path), "\(checked)")
      }
    }
  }
}
