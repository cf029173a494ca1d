import CommandLineBasics

// Training is the one work of LibTorch that lasts.
if ["train", "measure", "benchmark", "portray"].contains(CommandLine.arguments.dropFirst().first) {
  ThreadPolicy.settle()
}
CommandRunner.run(NormaCommand.self)
