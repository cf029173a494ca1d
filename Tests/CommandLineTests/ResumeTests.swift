import Foundation
import NormaCore
import Testing

extension CommandLineTests {
  /// A training that is killed, at whatever moment, leaves nothing half-written and goes on to the very
  /// weights that an uninterrupted one reaches.
  @Suite struct ResumeTests {
    private static let train = [
      "train", "products", "--output", "line.norma", "--recipe", "tiny.yaml", "--epochs", "24",
    ]

    @Test func killedTrainingsEndInTheSameWeights() async throws {
      let calm = try Workshop()
      try calm.makeProducts()
      let clock = ContinuousClock()
      let start = clock.now
      let whole = try await calm.start(Self.train).result()
      let duration = clock.now - start
      #expect(whole.status == 0, "\(whole)")
      let weights = try calm.data("line.norma/weights.safetensors")

      var generator = SeededGenerator(seed: 7)
      var kills = 0
      for round in 0..<4 {
        // A home of its own in the first rounds: the features are killed half-way too.
        let workshop = try round < 2 ? Workshop() : Workshop(home: calm.home)
        try workshop.makeProducts()
        for _ in 0..<2 {
          // Anywhere between the start and the end of the uninterrupted training.
          let command = try workshop.start(Self.train + ["--resume"])
          try await Task.sleep(for: duration * generator.uniform())
          command.kill()
          let result = try await command.result()
          if workshop.exists("line.norma") {
            #expect(throws: Never.self) { try ModelFolder.open(workshop.path + "/line.norma") }
          }
          if result.status == 0 { break }
          #expect(result.status == -SIGKILL, "\(result)")
          kills += 1
          // Killed after its last step: there is a model, and nothing left to resume.
          if workshop.exists("line.norma"), !workshop.exists("line.norma.training") { break }
        }
        if !workshop.exists("line.norma") || workshop.exists("line.norma.training") {
          let resumed = try await workshop.start(Self.train + ["--resume"]).result()
          #expect(resumed.status == 0, "\(resumed)")
        }
        #expect(try workshop.data("line.norma/weights.safetensors") == weights)
        #expect(throws: Never.self) { try ModelFolder.open(workshop.path + "/line.norma") }
        #expect(!workshop.exists("line.norma.training"))
      }
      #expect(kills > 0)
    }

    @Test func anInterruptStopsCleanly() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      let command = try workshop.start(
        [
          "train", "products", "--output", "line.norma", "--recipe", "tiny.yaml", "--epochs",
          "5000",
        ])
      while !workshop.exists("line.norma.training/checkpoint.safetensors"),
        command.process.isRunning
      {
        try await Task.sleep(for: .milliseconds(20))
      }
      kill(command.process.processIdentifier, SIGINT)
      let stopped = try await command.result()
      #expect(stopped.status == 130, "\(stopped)")
      #expect(stopped.errors.contains("--resume"))
      #expect(!workshop.exists("line.norma"))

      let refused = try await workshop.norma(
        "train", "products", "--output", "line.norma", "--recipe", "tiny.yaml", "--epochs", "5000")
      #expect(refused.status == 3)
      #expect(refused.errors.contains("--resume") && refused.errors.contains("--force"))
    }

    private static let long = [
      "train", "products", "--output", "line.norma", "--recipe", "tiny.yaml", "--epochs", "5000",
    ]
    private static let checkpoint = "line.norma.training/checkpoint.safetensors"

    /// A workshop with a training that was killed after its first checkpoint.
    private func interrupted() async throws -> Workshop {
      let workshop = try Workshop()
      try workshop.makeProducts()
      let command = try workshop.start(Self.long)
      while !workshop.exists(Self.checkpoint), command.process.isRunning {
        try await Task.sleep(for: .milliseconds(20))
      }
      command.kill()
      let result = try await command.result()
      try #require(result.status == -SIGKILL && workshop.exists(Self.checkpoint), "\(result)")
      return workshop
    }

    @Test func anotherSeedDoesNotGoOn() async throws {
      let workshop = try await interrupted()
      let checkpoint = try workshop.data(Self.checkpoint)
      let refused = try await workshop.start(Self.long + ["--resume", "--seed", "1"]).result()
      #expect(refused.status == 3, "\(refused)")
      #expect(refused.errors.contains("line.norma.training"), "\(refused)")
      #expect(refused.errors.contains("--force"), "\(refused)")
      #expect(!workshop.exists("line.norma"))
      #expect(try workshop.data(Self.checkpoint) == checkpoint, "what was trained is kept")
    }

    @Test func forceTrainsAnewBesideAnInterruptedTraining() async throws {
      let workshop = try await interrupted()
      let short = Self.long.dropLast() + ["2"]
      let forced = try await workshop.start(short + ["--force"]).result()
      #expect(forced.status == 0, "\(forced)")
      #expect(!workshop.exists("line.norma.training"))
      let weights = try ModelFolder.open(workshop.path + "/line.norma").data(ModelFile.weights)

      // Nothing of the interrupted training is in it.
      let calm = try Workshop(home: workshop.home)
      try calm.makeProducts()
      #expect(try await calm.start(Array(short)).result().status == 0)
      #expect(try calm.data("line.norma/weights.safetensors") == weights)
    }

    @Test func forceWithAWrongDataSetLosesNothing() async throws {
      let workshop = try await interrupted()
      let checkpoint = try workshop.data(Self.checkpoint)
      try workshop.write(Data("no picture".utf8), to: "rubbish/notes.txt")
      for dataset in ["prodcuts", "rubbish"] {
        let wrong = Self.long.map { $0 == "products" ? dataset : $0 } + ["--force"]
        let failed = try await workshop.start(wrong).result()
        #expect(failed.status == 3, "\(failed)")
        #expect(failed.errors.contains(dataset), "\(failed)")
        #expect(try workshop.data(Self.checkpoint) == checkpoint)
      }
    }

    @Test func withNothingToResumeTrainingStartsAnew() async throws {
      let workshop = try Workshop()
      try workshop.makeProducts()
      let trained = try await workshop.norma(
        "train", "products", "--output", "line.norma", "--recipe", "tiny.yaml", "--epochs", "1",
        "--resume")
      #expect(trained.status == 0)
      #expect(trained.text.contains("nothing to resume"), "\(trained)")
    }
  }
}
