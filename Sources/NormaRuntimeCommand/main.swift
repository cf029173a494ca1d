import NormaRuntime

CommandRunner.run(RuntimeVerbs.self)
