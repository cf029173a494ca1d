import CommandLineBasics

ThreadPolicy.settle()
CommandRunner.run(NormaTrain.self)
