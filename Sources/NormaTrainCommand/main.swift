import CommandLineBasics
import NormaTraining

ThreadPolicy.settle()
CommandRunner.run(TrainFromStore.self)
