import NormaRuntime

// Training is the one work of LibTorch that lasts.
if CommandLine.arguments.dropFirst().first == "train" { ThreadPolicy.settle() }
CommandRunner.run(NormaCommand.self)
