// swift-tools-version: 6.1
import Foundation
import PackageDescription

// The two engines' native libraries lie in .native/ (Scripts/setup.sh puts them there) or where
// NORMA_TORCH and NORMA_OPENVINO say. pkg-config does not know them, hence the unsafe flags; their
// price is that another package can depend on Norma by branch or path, not by version.
let environment = Context.environment
let native = Context.packageDirectory + "/.native"

func folder(_ variable: String, else fallback: String) -> String {
  guard let named = environment[variable], !named.isEmpty else { return fallback }
  return named
}

func firstExisting(_ paths: [String]) -> String {
  paths.first { FileManager.default.fileExists(atPath: $0) } ?? paths[0]
}

let torch = folder("NORMA_TORCH", else: native + "/torch")
let openvino = folder("NORMA_OPENVINO", else: native + "/openvino")
let openvinoHeaders = firstExisting([openvino + "/include", openvino + "/runtime/include"])
let openvinoLibraries = firstExisting([
  openvino + "/libs", openvino + "/runtime/lib/intel64", openvino + "/runtime/lib/aarch64",
  openvino + "/lib",
])
let multiarch = firstExisting(["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"])
// Python's wheel carries libopenvino_c.so.<version> without the plain name that a linker looks for.
let openvinoLibrary =
  (try? FileManager.default.contentsOfDirectory(atPath: openvinoLibraries))?
  .filter { $0.hasPrefix("libopenvino_c.so") || $0 == "libopenvino_c.dylib" }.min()
  ?? "libopenvino_c.so"

// With CUDA's LibTorch its libraries are linked too: nothing calls into them by name, they announce
// themselves when they are loaded. CUDA's own headers, for recording graphs, lie beside LibTorch where
// Python's wheels put them, or where CUDA_HOME says.
let hasCUDA = FileManager.default.fileExists(atPath: torch + "/lib/libtorch_cuda.so")
let cudaHeaders = firstExisting([
  torch + "/../nvidia/cu13/include", folder("CUDA_HOME", else: "/usr/local/cuda") + "/include",
])
let torchHeaders =
  [
    "-I\(torch)/include", "-I\(torch)/include/torch/csrc/api/include", "-Wno-everything",
  ] + (hasCUDA ? ["-DNORMA_CUDA", "-I\(cudaHeaders)"] : [])
let cudaLibraries =
  hasCUDA
  ? [
    "-Xlinker", "--no-as-needed", "-ltorch_cuda", "-lc10_cuda", "-Xlinker", "--as-needed",
    "-Xlinker", "--allow-shlib-undefined", "-Xlinker", "-rpath", "-Xlinker", "$ORIGIN/torch/lib",
  ] : []
let vipsHeaders = [
  "-I/usr/include/glib-2.0", "-I\(multiarch)/glib-2.0/include",
  "-I/opt/homebrew/include", "-I/opt/homebrew/include/glib-2.0",
  "-I/opt/homebrew/lib/glib-2.0/include",
]

let strict: [SwiftSetting] = [.swiftLanguageMode(.v6)]
let seesOpenVINO: [SwiftSetting] = strict + [.unsafeFlags(["-Xcc", "-I\(openvinoHeaders)"])]

let arguments: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "norma",
  platforms: [.macOS(.v14)],
  products: [
    .library(name: "NormaCore", targets: ["NormaCore"]),
    .library(name: "Norma", targets: ["Norma"]),
    .library(name: "NormaTraining", targets: ["NormaTraining"]),
    .library(name: "NormaJobs", targets: ["NormaJobs"]),
    .executable(name: "norma", targets: ["NormaCommand"]),
    .executable(name: "norma-runtime", targets: ["NormaRuntimeCommand"]),
    .executable(name: "norma-train", targets: ["NormaTrainCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    // Native libraries
    .target(
      name: "CTorch",
      cxxSettings: [.unsafeFlags(torchHeaders)],
      linkerSettings: [
        .unsafeFlags(
          ["-L\(torch)/lib", "-Xlinker", "-rpath", "-Xlinker", "\(torch)/lib"] + cudaLibraries),
        .linkedLibrary("torch"), .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
        .linkedLibrary("stdc++", .when(platforms: [.linux])),
      ]),
    .target(
      name: "COpenVINO",
      cSettings: [.unsafeFlags(["-I\(openvinoHeaders)"])],
      linkerSettings: [
        .unsafeFlags([
          "\(openvinoLibraries)/\(openvinoLibrary)",
          "-Xlinker", "-rpath", "-Xlinker", openvinoLibraries,
        ])
      ]),
    .target(
      name: "CVips",
      cSettings: [.unsafeFlags(vipsHeaders)],
      linkerSettings: [
        .linkedLibrary("vips"), .linkedLibrary("gobject-2.0"), .linkedLibrary("glib-2.0"),
      ]),
    .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),

    // Files that are hostile or precious
    .target(
      name: "NormaFiles",
      dependencies: ["CZlib", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: strict),

    // Networks and their two engines
    .target(name: "Networks", swiftSettings: strict),
    .target(name: "Torch", dependencies: ["CTorch", "Networks"], swiftSettings: strict),
    .target(
      name: "ONNX",
      dependencies: ["Networks", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["Generated/onnx.proto"],
      swiftSettings: strict),
    .target(
      name: "OpenVINO", dependencies: ["COpenVINO", "NormaFiles"], swiftSettings: seesOpenVINO),

    // Norma. Each target names all that it imports: what it does not name it is not built anew for, and
    // with another layout of a structure in it, it crashes.
    .target(
      name: "NormaCore",
      dependencies: ["Networks", "NormaFiles", .product(name: "Yams", package: "Yams")],
      swiftSettings: strict),
    .target(name: "NormaReport", dependencies: ["NormaCore", "NormaFiles"], swiftSettings: strict),
    .target(
      name: "Norma", dependencies: ["NormaCore", "NormaFiles", "NormaReport", "OpenVINO", "CVips"],
      swiftSettings: seesOpenVINO),
    .target(
      name: "NormaTraining",
      dependencies: ["NormaCore", "NormaFiles", "Networks", "Torch", "ONNX"],
      swiftSettings: strict),
    .target(
      name: "NormaBenchmark",
      dependencies: [
        "NormaCore", "NormaFiles", "NormaReport", .product(name: "GRDB", package: "GRDB.swift"),
      ],
      swiftSettings: strict),

    // Whole jobs, where the engines meet, and what holds the engines to each other and to time
    .target(
      name: "NormaJobs",
      dependencies: [
        "Networks", "Norma", "NormaBenchmark", "NormaCore", "NormaFiles", "NormaReport",
        "NormaTraining", "ONNX", "OpenVINO", "Torch",
      ],
      swiftSettings: seesOpenVINO),
    .target(
      name: "NormaChecks",
      dependencies: [
        "Networks", "Norma", "NormaCore", "NormaFiles", "NormaJobs", "NormaTraining", "ONNX",
        "OpenVINO", "Torch",
      ],
      swiftSettings: seesOpenVINO),

    // Command lines
    .target(
      name: "CommandLineBasics", dependencies: ["NormaCore", "NormaFiles", arguments],
      swiftSettings: strict),
    .target(
      name: "NormaRuntime",
      dependencies: [
        "CommandLineBasics", "Norma", "NormaCore", "NormaFiles", "NormaReport", arguments,
      ],
      swiftSettings: seesOpenVINO),
    .executableTarget(
      name: "NormaTrainCommand",
      dependencies: ["CommandLineBasics", "NormaCore", "NormaTraining", "Torch", arguments],
      swiftSettings: strict),
    .executableTarget(
      name: "NormaRuntimeCommand", dependencies: ["CommandLineBasics", "NormaRuntime"],
      swiftSettings: seesOpenVINO),
    .executableTarget(
      name: "NormaCommand",
      dependencies: [
        "CommandLineBasics", "Norma", "NormaChecks", "NormaCore", "NormaFiles", "NormaJobs",
        "NormaRuntime", "NormaTraining", "OpenVINO", arguments,
      ],
      swiftSettings: seesOpenVINO),

    // Tests
    .target(
      name: "TestSupport", dependencies: ["Networks"], path: "Tests/TestSupport",
      swiftSettings: strict),
    .executableTarget(
      name: "rlr-cost",
      dependencies: ["Networks", "Torch", "ONNX", "OpenVINO", "TestSupport"],
      path: "Tests/RLRCost", swiftSettings: seesOpenVINO),
    .testTarget(
      name: "NetworksTests",
      dependencies: [
        "Networks", "NormaCore", "NormaFiles", "Torch", "ONNX", "OpenVINO", "NormaTraining",
        "TestSupport",
      ],
      swiftSettings: seesOpenVINO),
    .testTarget(
      name: "TorchTests", dependencies: ["Networks", "Torch"], swiftSettings: strict),
    .testTarget(
      name: "ONNXTests", dependencies: ["Networks", "ONNX", "OpenVINO", "TestSupport"],
      swiftSettings: seesOpenVINO),
    .testTarget(
      name: "NormaCoreTests",
      dependencies: ["Networks", "NormaCore", "NormaFiles", "TestSupport"],
      swiftSettings: strict),
    .testTarget(
      name: "NormaTests",
      dependencies: ["Norma", "NormaCore", "NormaFiles", "NormaReport", "ONNX", "TestSupport"],
      swiftSettings: seesOpenVINO),
    .testTarget(
      name: "NormaTrainingTests",
      dependencies: [
        "Networks", "NormaCore", "NormaFiles", "NormaTraining", "TestSupport", "Torch",
      ],
      swiftSettings: strict),
    .testTarget(
      name: "NormaBenchmarkTests",
      dependencies: ["NormaBenchmark", "NormaCore", "NormaFiles", "NormaReport", "TestSupport"],
      swiftSettings: seesOpenVINO),
    .testTarget(name: "HouseTests", swiftSettings: strict),
    .testTarget(
      name: "NormaJobsTests",
      dependencies: [
        "Networks", "Norma", "NormaCore", "NormaFiles", "NormaJobs", "NormaReport", "NormaTraining",
        "TestSupport",
      ],
      swiftSettings: seesOpenVINO),
    .testTarget(
      name: "NormaChecksTests",
      dependencies: [
        "Networks", "NormaChecks", "NormaCore", "NormaFiles", "NormaTraining", "TestSupport",
      ],
      swiftSettings: seesOpenVINO),
    .testTarget(
      name: "CommandLineTests",
      dependencies: [
        "Networks", "NormaCore", "NormaFiles", "NormaReport", "Norma", "NormaCommand",
        "NormaRuntimeCommand",
        "NormaTrainCommand", "TestSupport",
      ],
      swiftSettings: seesOpenVINO),
  ],
  cxxLanguageStandard: .cxx20
)
