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

    /// A model that another machine trained is held to what its network gave there.
    @Test func theReferencePictureIsHeldAgainstTheModel() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      let checked = try await workshop.norma("doctor", "--model", "line.norma", "--json")
      #expect(checked.status == 0, "\(checked)")
      let rows = try #require(try checked.doctor.reference).rows
      #expect(rows.map(\.engine) == ["OpenVINO f32", "OpenVINO bf16"])
      #expect(rows.map(\.isModels) == [true, false])
      let exact = try #require(rows.first?.deviation)
      #expect(exact.score < 1e-3 && exact.map < 1e-3 && exact.feature < 1e-3, "\(exact)")

      let model = try ModelFolder.open(workshop.path + "/line.norma")
      var reference = try #require(try model.reference())
      reference.score *= 1.5
      try model.update(files: [ModelFile.reference: reference.json()])
      let wrong = try await workshop.norma("doctor", "--model", "line.norma")
      #expect(wrong.status == 3 && wrong.output.contains("NOT PASSED"), "\(wrong)")
      // The graph was compiled before, when nothing was wrong, so it is taken as it is.
      let fresh = try Workshop(home: workshop.path + "/another-home")
      try FileManager.default.copyItem(
        atPath: workshop.path + "/line.norma", toPath: fresh.path + "/line.norma")
      try fresh.write(png: Products.dotted.picture(1), to: "1.png")
      let refused = try await fresh.norma("inspect", "line.norma", "1.png")
      #expect(refused.status == 3, "\(refused)")
      #expect(refused.errors.contains("cannot be trusted here"), "\(refused)")

      let lone = try await workshop.start(["doctor", "--pictures", "products"]).result()
      #expect(lone.status == 64, "\(lone)")
    }
  }
}
