import Foundation
import NormaCore
import TestSupport
import Testing

extension CommandLineTests {
  /// From pictures that get worse to figures, table and page.
  @Suite struct ToleranceTests {
    /// The parts of `--json` that its users rely on.
    private struct Measured: Decodable {
      struct Model: Decodable { var name, method: String }
      struct Figures: Decodable, Equatable {
        var imageAUROC, pixelAUROC, falseAlarmRate, missRate: Double?
      }
      struct Step: Decodable {
        var label: String
        var value: Double?
        var models: [Figures?]
      }
      struct Disturbance: Decodable {
        var name: String
        var steps: [Step]
      }
      var pictures: Int
      var models: [Model]
      var disturbances: [Disturbance]
      var unreadable: [String]
    }

    private func measured(_ result: CommandResult) throws -> Measured {
      try JSONDecoder().decode(Measured.self, from: Data(result.output.utf8))
    }

    @Test func everyModelSeesTheSamePicturesAtEveryStep() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      try FileManager.default.copyItem(
        atPath: workshop.path + "/line.norma", toPath: workshop.path + "/copy.norma")
      let run = try await workshop.norma(
        "tolerance", "products", "line.norma", "copy.norma", "--json", "--output", "out",
        "--only", "noise,jpeg,brightness,jitter", "--steps", "noise=0,60,20", "--steps",
        "brightness=1.5,0.5", "--steps", "jpeg=30", "--steps", "jitter=0,40")
      #expect(run.status == 0 && run.lines.count == 1, "\(run)")
      let found = try measured(run)
      #expect(found.models.map(\.name) == ["line", "copy"] && found.pictures == 14)
      #expect(found.disturbances.map(\.name) == ["brightness", "noise", "jpeg", "jitter"])
      #expect(
        found.disturbances.map { $0.steps.map(\.label) }
          == [["1", "0.5", "1.5"], ["0", "20", "60"], ["off", "30"], ["0", "40"]])
      for step in found.disturbances.flatMap(\.steps) {
        #expect(step.models.count == 2 && step.models[0] == step.models[1], "\(step)")
        let figures = try #require(step.models[0] ?? nil)
        for value in [figures.imageAUROC, figures.pixelAUROC, figures.falseAlarmRate] {
          #expect((0...1).contains(try #require(value)))
        }
      }
      let plain = try await workshop.norma("evaluate", "line.norma", "products", "--json")
      let mean = try JSONDecoder().decode(Figures.self, from: Data(plain.output.utf8)).mean
      for disturbance in found.disturbances {
        let undisturbed = try #require(disturbance.steps[0].models[0] ?? nil)
        #expect(undisturbed.imageAUROC == mean.imageAUROC)
        #expect(undisturbed.pixelAUROC == mean.pixelAUROC)
        #expect(disturbance.steps.last?.models[0] != undisturbed, "\(disturbance.name)")
      }
      try checkFiles(workshop)
      let again = try await workshop.norma(
        "tolerance", "products", "line.norma", "--json", "--only", "noise", "--steps", "noise=20")
      let noise = found.disturbances[1].steps[1].models[0]
      #expect(try measured(again).disturbances[0].steps[1].models[0] == noise)
    }

    private func checkFiles(_ workshop: Workshop) throws {
      let page = try String(decoding: workshop.data("out/index.html"), as: UTF8.self)
      #expect(ParsedPage.isWellFormed(page))
      for text in ["id=\"noise\"", "data:image/jpeg", "polyline", "line-1", "copy"] {
        #expect(page.contains(text), "\(text)")
      }
      let lines = try String(decoding: workshop.data("out/tolerance.csv"), as: UTF8.self)
        .split(separator: "\r\n")
      // Ten steps, two models, two categories and their mean.
      #expect(lines.count == 1 + 10 * 2 * 3)
      #expect(lines[0].hasPrefix("disturbance,step,undisturbed,model,method,category,"))
      #expect(lines.contains { $0.hasPrefix("jpeg,off,true,line,ras,mean,8,6,") })
    }

    @Test func aQuickLookTakesSomePicturesOfEachKind() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      let run = try await workshop.norma(
        "tolerance", "products", "line.norma", "--limit", "3", "--only", "shift", "--steps",
        "shift=2", "--categories", "striped")
      #expect(run.status == 0, "\(run)")
      for word in ["Shift: pixels to the right and down", "image AUROC", "false alarms"] {
        #expect(run.output.contains(word), "\(word) in\n\(run)")
      }
      let json = try await workshop.norma(
        "tolerance", "products", "line.norma", "--limit", "3", "--only", "shift", "--json")
      #expect(try measured(json).pictures == 6)
    }

    @Test func aBadPictureIsNamedOnceAndLeftOut() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      try workshop.write(
        workshop.data("products/dotted/test/good/100.png").prefix(300),
        to: "products/dotted/test/good/999.png")
      let run = try await workshop.norma(
        "tolerance", "products", "line.norma", "--only", "blur", "--steps", "blur=1", "--json")
      #expect(run.status == 2, "\(run)")
      #expect(run.errors.components(separatedBy: "999.png").count == 2, "once: \(run)")
      #expect(try measured(run).unreadable.count == 1)
    }

    @Test func anInterruptEndsItAtOnce() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      let steps = (1...5000).map { "\(Double($0) / 100)" }.joined(separator: ",")
      let command = try workshop.start([
        "tolerance", "products", "line.norma", "--only", "blur", "--steps", "blur=\(steps)",
        "--output", "out",
      ])
      while command.process.isRunning, !workshop.exists("out") {
        try await Task.sleep(for: .milliseconds(20))
      }
      kill(command.process.processIdentifier, SIGINT)
      let stopped = try await command.result()
      #expect(stopped.status == 130 && stopped.errors.contains("Stopped."), "\(stopped)")
      #expect(!workshop.exists("out/index.html"))
    }

    @Test func withoutTheBackbonesWeightsThereIsNoJitter() async throws {
      let trained = try await TrainedModel.shared.value.workshop()
      let bare = try Workshop()
      for name in ["products", "line.norma"] {
        try FileManager.default.copyItem(
          atPath: trained.path + "/" + name, toPath: bare.path + "/" + name)
      }
      try FileManager.default.removeItem(
        atPath: bare.home + "/weights/efficientnet-lite0.safetensors")
      let both = try await bare.norma(
        "tolerance", "products", "line.norma", "--only", "jitter,shift", "--steps", "shift=1",
        "--json")
      #expect(both.status == 0 && both.errors.contains("no jitter for line"), "\(both)")
      #expect(try measured(both).disturbances.map(\.name) == ["shift"])
      let alone = try await bare.norma(
        "tolerance", "products", "line.norma", "--only", "jitter")
      #expect(alone.status == 3 && alone.errors.contains("no jitter for line"), "\(alone)")
    }

    @Test func othersWeightsMakeNoJitterEither() async throws {
      let trained = try await TrainedModel.shared.value.workshop()
      let other = try Workshop()
      for name in ["products", "line.norma"] {
        try FileManager.default.copyItem(
          atPath: trained.path + "/" + name, toPath: other.path + "/" + name)
      }
      try other.write(
        RandomBackbone.safetensors(seed: 99), to: "home/weights/efficientnet-lite0.safetensors")
      let run = try await other.norma("tolerance", "products", "line.norma", "--only", "jitter")
      #expect(
        run.status == 3
          && run.errors.contains("/line.norma was trained with"),
        "\(run)")
    }

    @Test func mistakesAreTold() async throws {
      let workshop = try await TrainedModel.shared.value.workshop()
      func told(_ status: Int32, _ words: String, _ arguments: String...) async throws {
        let result = try await workshop.start(["tolerance"] + arguments).result()
        #expect(result.status == status && result.errors.contains(words), "\(words):\n\(result)")
      }
      let both = ["products", "line.norma"]
      try await told(64, "the data set comes first", both[1], both[0])
      try await told(64, "did you mean 'blur'?", both[0], both[1], "--only", "blurr")
      try await told(
        64, "which --only leaves out", both[0], both[1], "--only", "blur", "--steps", "jpeg=5")
      try await told(64, "write it as blur=0,1,2,4", both[0], both[1], "--steps", "blur")
      try await told(
        64, "has 'x'; its steps are numbers from 0", both[0], both[1], "--steps", "blur=1,x")
      try await told(64, "whole numbers from 1 to 100", both[0], both[1], "--steps", "jpeg=0")
      try await told(
        64, "no step besides the undisturbed one", both[0], both[1], "--steps", "blur=0")
      try await told(64, "is named twice", both[0], both[1], both[1])
      try await told(64, "2 is the least", both[0], both[1], "--limit", "1")
      try await told(3, "there is no such file or folder", "none", both[1])
      try await told(3, "there is no such model", both[0], "none.norma")
    }
  }
}
