import Testing

extension CommandLineTests {
  @Suite struct HelpTests {
    @Test func theCommandTeachesItsUse() async throws {
      let help = try await Workshop().norma("--help")
      #expect(help.status == 0)
      let verbs = [
        "train", "inspect", "evaluate", "calibrate", "export", "store", "weights", "doctor",
        "benchmark", "datasets", "portray", "tolerance", "measure",
      ]
      for verb in verbs { #expect(help.output.contains("\n  \(verb) "), "\(verb) in\n\(help)") }
      #expect(help.output.contains("norma train "), "an example")
      for code in ["0 success", "1 inspect", "2 some", "3 failure", "64 wrong", "130 interrupted"] {
        #expect(help.output.contains(code), "\(code) in\n\(help)")
      }
    }

    @Test(arguments: [
      (
        "train",
        [
          "--output", "--recipe", "--resume", "--force", "--categories", "--weights-of",
          "norma train ",
        ]
      ),
      ("inspect", ["--heatmaps", "--category", "--false-alarm-rate", "--json", "norma inspect "]),
      ("evaluate", ["--categories", "--json", "norma evaluate "]),
      ("benchmark", ["--list", "--json", "--seeds", "minutes:", "rows:", "norma benchmark "]),
      (
        "calibrate",
        [
          "--false-alarm-rate", "--defects", "--miss-cost", "--defect-share", "--set",
          "--allow-training-pictures", "--json", "norma calibrate ",
        ]
      ),
      (
        "export",
        [
          "--output", "ONNX Runtime", "--precision", "int8", "--pictures", "--accept-drop",
          "norma export ",
        ]
      ),
      ("store", ["--image-size", "--limit", "norma-train", "norma store "]),
      ("portray", ["--pictures", "--count", "--output", "PatchCore", "norma portray "]),
      ("weights", ["import", "fetch", "NORMA_HOME"]),
      ("tolerance", ["--only", "--steps", "--limit", "jitter", "norma tolerance "]),
      ("datasets", ["--as", "--json", "norma datasets "]),
      ("doctor", ["--goldens", "--json"]),
    ])
    func everyVerbTeachesItsUse(verb: String, words: [String]) async throws {
      let help = try await Workshop().norma(verb, "--help")
      #expect(help.status == 0)
      #expect(help.output.contains("USAGE:"))
      for word in words { #expect(help.output.contains(word), "\(word) in\n\(help)") }
    }

    @Test func theRuntimeHasItsTwoVerbs() async throws {
      let workshop = try Workshop()
      let help = try await workshop.runtime("--help")
      #expect(help.status == 0)
      #expect(help.output.contains("\n  inspect "))
      #expect(help.output.contains("\n  evaluate "))
      #expect(!help.output.contains("\n  train "))
    }

    @Test func trainingFromAStoreTeachesItsUse() async throws {
      let root = try await Workshop().train("--help")
      #expect(root.status == 0)
      for verb in ["train", "benchmark"] {
        #expect(root.output.contains("\n  \(verb) "), "\(root)")
      }
      let plans = try await Workshop().train("benchmark", "--help")
      #expect(plans.status == 0)
      for word in ["--test", "--records", "--part", "--keep-models", "130"] {
        #expect(plans.output.contains(word), "\(word) in\n\(plans)")
      }
      let help = try await Workshop().train("train", "--help")
      #expect(help.status == 0)
      for word in [
        "norma store DATASET", "--device cuda", "--weights", "--pictures-per-epoch", "--resume",
        "130",
      ] { #expect(help.output.contains(word), "\(word) in\n\(help)") }
    }

    @Test(arguments: [
      (["inspct", "model", "pictures"], "there is no command 'inspct' (did you mean 'inspect'?)"),
      (["help", "trian"], "there is no command 'trian' (did you mean 'train'?)"),
      (["help", "foo"], "there is no command 'foo'; there are benchmark, "),
      (["measure", "extrct", "pictures"], "(did you mean 'extract'?)"),
      (["train", "products", "-o", "m", "--seed", "-1"], "training.seed: -1 is out of range"),
      (["train", "products", "-o", "m", "--image-size", "-1"], "backbone.imageSize: -1 is out of"),
      (
        ["train", "products", "-o", "m", "--image-size", "9223372036854775807"],
        "backbone.imageSize: 9223372036854775807 is out of range; 32 to 2048"
      ),
    ])
    func whatWasMistypedIsNamed(arguments: [String], words: String) async throws {
      let workshop = try Workshop()
      let wrong = try await workshop.start(arguments).result()
      #expect([3, 64].contains(wrong.status) && wrong.errors.contains(words), "\(wrong)")
    }

    @Test func theVersionIsACommandToo() async throws {
      let workshop = try Workshop()
      let (word, option) = (
        try await workshop.norma("version"), try await workshop.norma("--version")
      )
      #expect(word.status == 0 && word.output == option.output && !word.output.isEmpty)
    }

    @Test(arguments: [["trian"], ["train"], ["inspect", "model", "--json-lines"]])
    func wrongUsageIsTold(arguments: [String]) async throws {
      let workshop = try Workshop()
      let wrong = try await workshop.start(arguments).result()
      #expect(wrong.status == 64)
      #expect(wrong.errors.contains("Usage:") || wrong.errors.contains("USAGE:"), "\(wrong)")
    }
  }
}
