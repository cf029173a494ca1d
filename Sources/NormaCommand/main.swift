import NormaRuntime

CommandRunner.run(NormaCommand.self)
