import NormaRuntime

// Training is the one work of LibTorch that lasts.
if let verb = CommandLine.arguments.dropFirst().first, ["train", "benchmark"].contains(verb) {
  ThreadPolicy.settle()
}
CommandRunner.run(NormaCommand.self)
