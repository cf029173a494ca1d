import Foundation
import Norma
import NormaCore

/// One thing that gets worse step by step.
public struct ToleranceAxis: Sendable {
  /// As `--only` and `--steps` say it.
  let name: String
  /// What it is.
  let title: String
  /// What a step's number is.
  let unit: String
  /// The number at which nothing is disturbed; nil where there is none: then it is called `off`.
  let undisturbed: Double?
  let range: ClosedRange<Double>
  let isWhole: Bool
  /// Whether a smaller number is worse.
  let isFalling: Bool
  /// The numbers of the disturbed steps, without the undisturbed one.
  private(set) var steps: [Double]
  /// What a step does to pictures, with the seed; nil for noise on the features.
  let disturbance: (@Sendable (Double, UInt64) -> Disturbance)?

  private init(
    _ name: String, _ title: String, unit: String, undisturbed: Double? = 0,
    range: ClosedRange<Double>, isWhole: Bool = false, isFalling: Bool = false, steps: [Double],
    _ disturbance: (@Sendable (Double, UInt64) -> Disturbance)?
  ) {
    self.name = name
    self.title = title
    self.unit = unit
    self.undisturbed = undisturbed
    self.range = range
    self.isWhole = isWhole
    self.isFalling = isFalling
    self.steps = steps
    self.disturbance = disturbance
  }

  /// All of them with the steps that they have unless others are chosen.
  static let all: [ToleranceAxis] = [
    ToleranceAxis(
      "blur", "Blur", unit: "Gaussian, deviation in pixels", range: 0...100,
      steps: [0.5, 1, 2, 3, 4]
    ) { value, _ in .blur(value) },
    ToleranceAxis(
      "brightness", "Brightness", unit: "factor on all values", undisturbed: 1, range: 0...10,
      steps: [0.5, 0.7, 0.85, 1.15, 1.3, 1.5]
    ) { value, _ in .brightness(value) },
    ToleranceAxis(
      "offset", "Offset", unit: "grey levels on top of all values", range: -255...255,
      steps: [-60, -30, -15, 15, 30, 60]
    ) { value, _ in .offset(value) },
    ToleranceAxis(
      "noise", "Noise", unit: "Gaussian, deviation in grey levels", range: 0...255,
      steps: [2, 5, 10, 20, 40]
    ) { value, seed in .noise(value, seed: seed) },
    ToleranceAxis(
      "jpeg", "JPEG", unit: "quality", undisturbed: nil, range: 1...100, isWhole: true,
      isFalling: true, steps: [90, 70, 50, 30, 10]
    ) { value, _ in .jpeg(Int(value)) },
    ToleranceAxis(
      "shift", "Shift", unit: "pixels to the right and down", range: -10_000...10_000,
      isWhole: true, steps: [1, 2, 4, 8, 16]
    ) { value, _ in .shift(Int(value)) },
    ToleranceAxis(
      "rotation", "Rotation", unit: "degrees clockwise", range: -360...360,
      steps: [1, 2, 5, 10, 20]
    ) { value, _ in .rotation(value) },
    ToleranceAxis(
      "jitter", "Jitter", unit: "α, noise on the features (RAS, Table 6)", range: 0...1000,
      steps: [10, 20, 30, 40, 50], nil),
  ]

  public static var names: [String] { all.map(\.name) }

  /// The axis with other steps, sorted, each once.
  /// - Parameter text: numbers separated by commas.
  /// - Throws: `UsageProblem` that says what is wrong.
  func stepping(_ text: String) throws -> ToleranceAxis {
    let numbers = try text.commaSeparated.map { word in
      guard let number = Double(word), range.contains(number),
        !isWhole || number == number.rounded()
      else {
        throw UsageProblem(
          "--steps \(name) has '\(word)'; its steps are \(isWhole ? "whole numbers" : "numbers") "
            + "from \(label(range.lowerBound)) to \(label(range.upperBound)): \(unit).")
      }
      return number
    }
    var result = self
    result.steps = Set(numbers).subtracting([undisturbed].compactMap { $0 })
      .sorted(by: isFalling ? { $0 > $1 } : { $0 < $1 })
    guard !result.steps.isEmpty else {
      throw UsageProblem(
        "--steps \(name)=\(text) names no step besides the undisturbed one, which is always "
          + "measured; write them as \(name)=\(steps.map(label).joined(separator: ",")).")
    }
    return result
  }

  /// A step's number as people write it; nil is the undisturbed step.
  func label(_ value: Double?) -> String {
    guard let value = value ?? undisturbed else { return "off" }
    // Adding zero turns a negative zero into zero.
    return String(format: "%g", locale: Locale(identifier: "en_US_POSIX"), value + 0)
  }
}

extension [ToleranceAxis] {
  /// The disturbances that a command line asks for.
  ///
  /// - Parameters:
  ///   - only: names separated by commas; nil: all.
  ///   - steps: `blur=0,1,2` and the like, each for one disturbance.
  /// - Throws: `UsageProblem`.
  public init(only: String?, steps: [String]) throws {
    let names = try only.map { try $0.commaSeparated.map(Self.known) } ?? ToleranceAxis.names
    guard !names.isEmpty else {
      throw UsageProblem(
        "--only names no disturbance; there are \(ToleranceAxis.names.joined(separator: ", ")).")
    }
    self = ToleranceAxis.all.filter { names.contains($0.name) }
    var seen: Set<String> = []
    for choice in steps {
      let parts = choice.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2 else {
        throw UsageProblem("--steps is '\(choice)'; write it as blur=0,1,2,4.")
      }
      let name = try Self.known(parts[0])
      guard let index = firstIndex(where: { $0.name == name }) else {
        throw UsageProblem("--steps speaks of \(name), which --only leaves out.")
      }
      guard seen.insert(name).inserted else {
        throw UsageProblem("--steps speaks of \(name) twice; give all its steps at once.")
      }
      self[index] = try self[index].stepping(parts[1])
    }
  }

  private static func known(_ name: String) throws -> String {
    guard ToleranceAxis.names.contains(name) else {
      throw UsageProblem(
        "there is no disturbance '\(name)'\(Spelling.hint(for: name, among: ToleranceAxis.names)); "
          + "there are \(ToleranceAxis.names.joined(separator: ", ")).")
    }
    return name
  }
}
