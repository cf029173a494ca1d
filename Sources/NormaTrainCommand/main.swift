import CommandLineBasics
import NormaTraining

ThreadPolicy.settle()
CommandRunner.run(NormaTrain.self)
