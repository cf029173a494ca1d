import ArgumentParser
import Norma
import NormaCore

/// `norma measure decode`: one picture's file to the network's size.
struct MeasureDecoding: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode", abstract: "A picture on disk to pixels of the network's size.")

  @Argument(help: "The picture.")
  var picture: String

  @Option(help: "Side of the square that it is resized to, in pixels.")
  var size = 224

  @Option(help: "How often a round reads it.")
  var times = 50

  @OptionGroup var rounds: MeasuredRounds

  func validate() throws {
    guard (32...4096).contains(size) else {
      throw ValidationError("--size is \(size); 32 to 4096 pixels can be said")
    }
    guard times > 0 else { throw ValidationError("--times is \(times); at least 1 is needed") }
  }

  func run() throws {
    let reader = PictureReader()
    try rounds.run("pictures") {
      let seconds = try MeasuredRounds.time {
        for _ in 0..<times { _ = try reader.read(picture, size: size) }
      }
      return MeasuredRounds.Round(seconds: seconds, items: times)
    }
  }
}
