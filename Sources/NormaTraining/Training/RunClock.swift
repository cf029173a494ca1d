import NormaCore
import Torch

/// Seconds of a training over all the runs that it took.
struct RunClock {
  private let before: Double
  private let countsProcessorTime: Bool
  private let threads: Double
  private let start = ContinuousClock.now
  private let startOfProcessor = ProcessorTime.seconds

  /// - Parameter before: seconds of the runs before this one.
  init(before: Double, _ settings: TrainingSettings) {
    self.before = before
    // Beside a card the processor mostly waits: its time says nothing.
    countsProcessorTime = settings.countsProcessorTime && Machine.device == .cpu
    threads = Double(max(1, Machine.threads))
  }

  /// On the wall.
  var ofRun: Double { (ContinuousClock.now - start).seconds }

  /// As the settings count them.
  var total: Double {
    before
      + (countsProcessorTime ? (ProcessorTime.seconds - startOfProcessor) / threads : ofRun)
  }
}
