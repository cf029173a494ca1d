import ArgumentParser
import NormaCore

/// `norma measure`.
struct MeasureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure",
    abstract: "Time one part of the work on this machine.",
    discussion: """
      Each part is warmed up once and then timed in rounds: one line a round
      with its seconds, then the median. Times say something only while nothing
      else runs.

        norma measure extract pictures --recipe three   pictures to features
        norma measure steps --recipe three --batch 64   training steps
        norma measure inspect line.norma pictures       pictures to verdicts
        norma measure layers line.norma picture.png     where a picture's time goes

      With --on-request a round begins with each line on standard input, which
      lets a benchmark alternate with another program ('make bench').
      """,
    subcommands: [
      MeasureExtraction.self, MeasureSteps.self, MeasureInspection.self, MeasureDecoding.self,
      MeasureMetrics.self, MeasureLayers.self,
    ])
}
