import Foundation
import Testing

/// What CONTRIBUTING says of the rooms, held: arrows point downwards, the inspecting process never reaches
/// LibTorch, and a library leaves the terminal, the signals and the end of the process to whoever runs it.
@Suite struct HouseTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// What each room may import of the package, lowest first.
  private static let house: [(room: String, imports: Set<String>)] = [
    ("COpenVINO", []), ("CTorch", []), ("CVips", []), ("CZlib", []),
    ("NormaFiles", ["CZlib"]),
    ("Networks", []),
    ("Torch", ["CTorch", "Networks"]),
    ("ONNX", ["Networks"]),
    ("OpenVINO", ["COpenVINO", "NormaFiles"]),
    ("NormaCore", ["NormaFiles", "Networks"]),
    ("NormaReport", ["NormaCore", "NormaFiles"]),
    ("Norma", ["CVips", "Networks", "NormaCore", "NormaFiles", "NormaReport", "OpenVINO"]),
    ("NormaTraining", ["Networks", "NormaCore", "NormaFiles", "ONNX", "Torch"]),
    ("NormaBenchmark", ["NormaCore", "NormaFiles", "NormaReport"]),
    (
      "NormaJobs",
      [
        "Networks", "Norma", "NormaBenchmark", "NormaCore", "NormaFiles", "NormaReport",
        "NormaTraining", "ONNX", "OpenVINO", "Torch",
      ]
    ),
    (
      "NormaChecks",
      [
        "Networks", "Norma", "NormaCore", "NormaFiles", "NormaJobs", "NormaTraining", "ONNX",
        "OpenVINO", "Torch",
      ]
    ),
    ("CommandLineBasics", ["NormaCore", "NormaFiles"]),
    ("NormaRuntime", ["CommandLineBasics", "Norma", "NormaCore", "NormaFiles", "NormaReport"]),
    ("NormaRuntimeCommand", ["CommandLineBasics", "NormaRuntime"]),
    ("NormaTrainCommand", ["CommandLineBasics", "NormaCore", "NormaTraining", "Torch"]),
    (
      "NormaCommand",
      [
        "CommandLineBasics", "Norma", "NormaChecks", "NormaCore", "NormaFiles", "NormaJobs",
        "NormaRuntime", "NormaTraining", "OpenVINO",
      ]
    ),
  ]

  /// Rooms whose work is to talk to a person at a terminal.
  private static let verbs: Set<String> = [
    "CommandLineBasics", "NormaRuntime", "NormaRuntimeCommand", "NormaTrainCommand",
    "NormaCommand",
  ]

  private func sources(of room: String) throws -> [(file: String, text: String)] {
    let folder = Self.root.appending(path: "Sources/\(room)")
    let files = try #require(
      FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
    var found: [(file: String, text: String)] = []
    for case let file as URL in files where file.pathExtension == "swift" {
      // What a tool has written is not the house's own.
      if file.path.contains("/Generated/") { continue }
      found.append((file.lastPathComponent, try String(contentsOf: file, encoding: .utf8)))
    }
    return found
  }

  private func imports(of room: String) throws -> Set<String> {
    var found: Set<String> = []
    for (_, text) in try sources(of: room) {
      for match in text.matches(of: /(?m)^(?:[@a-z]+ )*import (\w+)/) {
        found.insert(String(match.1))
      }
    }
    return found
  }

  @Test func everyRoomHasItsPlace() throws {
    let rooms = try FileManager.default.contentsOfDirectory(
      atPath: Self.root.appending(path: "Sources").path)
    #expect(Set(rooms.filter { !$0.hasPrefix(".") }) == Set(Self.house.map(\.room)))
  }

  @Test func arrowsPointDownwards() throws {
    let names = Set(Self.house.map(\.room))
    var below: Set<String> = []
    for (room, allowed) in Self.house {
      #expect(allowed.isSubset(of: below), "\(room) would import what stands above it")
      let imported = try imports(of: room).intersection(names).subtracting([room])
      let strange = imported.subtracting(allowed).sorted()
      #expect(strange.isEmpty, "\(room) imports \(strange.joined(separator: ", "))")
      below.insert(room)
    }
  }

  private func reached(from room: String) throws -> Set<String> {
    var (found, next): (Set<String>, [String]) = ([], [room])
    while let room = next.popLast() {
      guard Self.house.contains(where: { $0.room == room }), found.insert(room).inserted else {
        continue
      }
      next += try imports(of: room)
    }
    return found
  }

  /// Inspecting is done without LibTorch, and on a machine with a GPU training is done without OpenVINO.
  @Test func enginesStayApart() throws {
    #expect(try reached(from: "NormaRuntimeCommand").isDisjoint(with: ["Torch", "CTorch"]))
    #expect(
      try reached(from: "NormaTrainCommand").isDisjoint(with: ["OpenVINO", "COpenVINO", "CVips"]))
  }

  /// One library asks a server for something, and the inspecting process, and what trains on a GPU, are
  /// without it.
  @Test func oneLibraryReachesTheNetwork() throws {
    let rooms = try Self.house.map(\.room).filter { room in
      try sources(of: room).contains {
        $0.text.contains("FoundationNetworking") || $0.text.contains("URLSession")
      }
    }
    #expect(rooms == ["NormaJobs"])
    #expect(try !reached(from: "NormaRuntimeCommand").contains("NormaJobs"))
    #expect(try !reached(from: "NormaTrainCommand").contains("NormaJobs"))
  }

  private static let forbidden = [
    #"(?:^|[^.\w])print\("#, #"(?:^|[^.\w])debugPrint\("#, #"\breadLine\("#, #"\bfputs\("#,
    #"(?:^|[^.\w])_?exit\("#, #"\babort\("#, #"(?:^|[^.\w])signal\("#, #"\bsigaction\b"#,
    #"makeSignalSource"#, #"FileHandle\.standard"#, #"\bSTD(OUT|ERR|IN)_FILENO\b"#,
    #"\b(stdout|stderr)\b"#, #"\bisatty\("#, #"\bexec[vl]p?e?\("#, #"CommandLine\.arguments"#,
    #"\bfatalError\("#, #"\bpreconditionFailure\("#,
  ]

  @Test func librariesLeaveTheProcessAlone() throws {
    for (room, _) in Self.house where !Self.verbs.contains(room) {
      for (file, text) in try sources(of: room) {
        let code = Self.code(text)
        for pattern in Self.forbidden {
          let match = try Regex(pattern).anchorsMatchLineEndings()
          #expect(code.firstMatch(of: match) == nil, "\(room)/\(file) has \(pattern)")
        }
      }
    }
  }

  /// The same patterns find what they are for; otherwise the test above would say nothing.
  @Test func whatIsForbiddenWouldBeSeen() throws {
    let code = Self.code("  print(\"a\") // print\n  let text = \"exit(1)\"\n  exit(2)")
    #expect(code.contains("print(") && code.contains("exit(2)") && !code.contains("exit(1)"))
    #expect(!code.contains("// print"))
    for sample in ["print(1)", "  print(1)", "if x { exit(2) }", "signal(SIGINT, SIG_IGN)"] {
      let found = try Self.forbidden.contains {
        try sample.firstMatch(of: Regex($0).anchorsMatchLineEndings()) != nil
      }
      #expect(found, "\(sample)")
    }
    for sample in ["StandardOutput.print(1)", "blueprint(1)", "blocks.exit(1)"] {
      let found = try Self.forbidden.contains {
        try sample.firstMatch(of: Regex($0).anchorsMatchLineEndings()) != nil
      }
      #expect(!found, "\(sample)")
    }
  }

  /// A file without its comments and the words in its strings.
  private static func code(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let withoutStrings = line.replacing(/"(?:[^"\\]|\\.)*"/, with: "\"\"")
      return withoutStrings.replacing(/\/\/.*/, with: "")
    }.joined(separator: "\n")
  }
}
