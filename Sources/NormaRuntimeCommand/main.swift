import CommandLineBasics
import NormaRuntime

CommandRunner.run(RuntimeVerbs.self)
