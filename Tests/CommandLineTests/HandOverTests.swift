import Foundation
import Testing

#if os(Linux)
  extension CommandLineTests {
    /// `norma inspect` hands over to `norma-runtime`: the process that inspects never holds LibTorch.
    @Suite struct HandOverTests {
      @Test(arguments: [Executable.norma, .runtime])
      func theInspectingProcessHasNoLibTorch(executable: Executable) async throws {
        let workshop = try await TrainedModel.shared.value.workshop()
        // A pipe that nobody reads holds the process when it has said so much; then its memory is seen.
        let pipe = Pipe()
        let setPipeSize: Int32 = 1031  // F_SETPIPE_SZ
        let size = fcntl(pipe.fileHandleForWriting.fileDescriptor, setPipeSize, 4096)
        try #require(size > 0)
        let long = String(repeating: "long-", count: 40)
        for number in 0..<20 {
          try workshop.write(
            png: Products.dotted.picture(number), to: "\(long)/\(number).png")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable.path)
        process.arguments = ["inspect", "line.norma", long, long + "/../products", "--json"]
        process.environment = workshop.environment
        process.currentDirectoryURL = URL(fileURLWithPath: workshop.path)
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        defer {
          kill(process.processIdentifier, SIGKILL)
          process.waitUntilExit()
        }
        var waiting: Int32 = 0
        while process.isRunning, waiting < size / 2 {
          try await Task.sleep(for: .milliseconds(10))
          _ = ioctl(pipe.fileHandleForReading.fileDescriptor, UInt(FIONREAD), &waiting)
        }
        let folder = "/proc/\(process.processIdentifier)"
        // The kernel's files have no size that would tell how much to read.
        let file = try #require(FileHandle(forReadingAtPath: folder + "/maps"))
        let maps = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
        #expect(maps.contains("libopenvino"))
        #expect(maps.contains("/norma-runtime"))
        #expect(!maps.contains("libtorch"))
        #expect(!maps.contains("libc10"))
      }
    }
  }
#endif
