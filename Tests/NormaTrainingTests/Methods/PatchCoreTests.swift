import Foundation
import Networks
import NormaCore
import NormaTraining
import Testing
import Torch

struct PatchCoreFitTests {
  private typealias Coreset = PatchCoreSettings.Coreset

  /// The rows of the bank where the features lie.
  private func bank(_ network: TrainedNetwork) throws -> [[Double]] {
    let values = try #require(network.values["bank"])
    let centre = try #require(network.values["centre"])
    return stride(from: 0, to: values.count, by: centre.count).map { start in
      centre.indices.map { Double(values[start + $0]) + Double(centre[$0]) }
    }
  }

  @Test(arguments: [Coreset.random, .farthest], [false, true])
  func theMapIsTheDistanceToTheNearestPatchOfTheBank(
    _ selection: PatchCoreSettings.Coreset, standardize: Bool
  ) throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(
        try SmallTraining.store(in: folder), standardize: standardize)
      var method = SmallFit.patchCore
      method.settings.coreset = selection
      let network = try SmallFit.fitted(method, data)
      let bank = try bank(network)
      #expect(bank.count == 72, "a quarter of 18 · 16 patches")
      let patches = try SmallFit.patches(data)
      // Every row is a patch of a picture that was trained on.
      for row in bank {
        let nearest = data.training.flatMap { patches[$0] }
          .map { SmallFit.squaredDistance($0, row) }.min()
        #expect((nearest ?? 1) < 1e-10)
      }
      let maps = try SmallFit.maps(method, network, data)
      for (map, patches) in zip(maps, patches) {
        for (found, patch) in zip(map, patches) {
          let nearest = bank.map { SmallFit.squaredDistance($0, patch) }.min() ?? 0
          #expect(abs(Double(found * found) - nearest) < 1e-4, "\(found), \(nearest)")
        }
      }
    }
  }

  /// All of as many rows, and each picture is compared with its own category's alone.
  @Test func eachCategoryHasABankOfItsOwn() throws {
    try withTemporaryFolder { folder in
      let features = SmallTraining.features(22).enumerated().map { index, values in
        index < 8 ? values : values.map { $0 + 2 }
      }
      let data = TrainingData(
        store: try SmallTraining.store(in: folder, features: features), training: Array(0..<22),
        heldOut: [], standardization: nil,
        categories: Dictionary(uniqueKeysWithValues: (0..<22).map { ($0, $0 < 8 ? 0 : 1) }))
      var method = SmallFit.patchCore
      method.settings.byCategory = true
      let network = try SmallFit.fitted(method, data)
      #expect(network.shapes["banks"] == [2, 56, 6], "a quarter of 8 · 16 and of 14 · 16 patches")
      let values = try #require(network.values["banks"]).map(Double.init)
      let centre = try #require(network.values["centre"]).map(Double.init)
      let rows = stride(from: 0, to: values.count, by: 6).map { start in
        (0..<6).map { values[start + $0] + centre[$0] }
      }
      #expect(rows[32] == rows[0] && rows[55] == rows[23], "32 rows, repeated")
      let patches = try SmallFit.patches(data)
      for (picture, map) in try SmallFit.maps(method, network, data).enumerated() {
        let own = picture < 8 ? rows[..<56] : rows[56...]
        for (found, patch) in zip(map, patches[picture]) {
          let nearest = own.map { SmallFit.squaredDistance($0, patch) }.min() ?? 0
          #expect(abs(Double(found * found) - nearest) < 1e-3, "\(found), \(nearest)")
        }
      }
    }
  }

  @Test func theSeedDecidesAndTheFarthestCoverBetter() throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder))
      var method = SmallFit.patchCore
      let patches = try SmallFit.patches(data)
      func radius(_ network: TrainedNetwork) throws -> Double {
        let bank = try bank(network)
        return data.training.flatMap { patches[$0] }
          .map { patch in bank.map { SmallFit.squaredDistance($0, patch) }.min() ?? 0 }
          .max() ?? 0
      }
      for selection in [Coreset.random, .farthest] {
        method.settings.coreset = selection
        let first = try SmallFit.fitted(method, data)
        #expect(try SmallFit.fitted(method, data).values == first.values)
        #expect(try SmallFit.fitted(method, data, seed: 4).values != first.values)
      }
      method.settings.projection = 0
      let farthest = try radius(SmallFit.fitted(method, data))
      method.settings.coreset = .random
      let random = try radius(SmallFit.fitted(method, data))
      #expect(farthest < random)
    }
  }

  @Test func limitsBoundTheBankAndTheSearch() throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder))
      var method = SmallFit.patchCore
      method.settings.limit = 10
      #expect(try bank(SmallFit.fitted(method, data)).count == 10)
      method.settings.limit = 100
      // No fewer candidates than the bank takes.
      for candidates in [1, 100] {
        method.settings.candidates = candidates
        #expect(try bank(SmallFit.fitted(method, data)).count == 72)
      }
      method.settings.limit = 1000
      method.settings.share = 1
      #expect(try bank(SmallFit.fitted(method, data)).count == 288)
      #expect(method.settings.size(patches: 1) == 1)
      method.settings.share = 1e-9
      #expect(try bank(SmallFit.fitted(method, data)).count == 1)
    }
  }

  @Test func progressEndsAtTheStepsAndAStopIsHeeded() throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder))
      for method in [SmallFit.patchCore, SmallFit.padim] as [any FittedMethod] {
        let fitter = try Fitter(method, data: data, seed: 1)
        var done: [Int] = []
        guard
          case .finished(let network) = try fitter.train(
            checkpoint: nil, checkpointSeconds: 0, shouldStop: { false },
            report: { done.append($0.done) })
        else { throw TrainerTests.TestFailure("the fit did not finish") }
        #expect(done == done.sorted() && done.last == fitter.steps)
        #expect(network.history.epochs.isEmpty && network.history.seconds != nil)
        guard
          case .interrupted = try fitter.train(
            checkpoint: nil, checkpointSeconds: 0, shouldStop: { true }, report: { _ in })
        else { throw TrainerTests.TestFailure("the fit did not stop") }
      }
    }
  }

  @Test func crossFittingComparesWithBanksThatLackThePicture() throws {
    try withTemporaryFolder { folder in
      var features = SmallTraining.features(22)
      var other = SeededGenerator(seed: 77)
      features[5] = features[5].map { _ in 2 * Float(other.normal()) }
      let data = SmallTraining.data(
        try SmallTraining.store(in: folder, features: features), heldOut: 0)
      let samples = (0..<22).map {
        Sample(path: "p\($0)", category: "c", split: .train, label: .normal)
      }
      let fit = CrossFit(
        folds: 2, method: SmallFit.patchCore, data: data, settings: SmallTraining.settings(),
        imageSize: 16)
      var steps = 0
      let gaps = try #require(
        try fit.gaps(samples: samples, shouldStop: { false }, report: { _, _ in steps += 1 }))
      #expect(gaps.count == 22 && steps > 0)
      #expect(gaps.indices.allSatisfy { gaps[$0].score <= gaps[5].score })
      #expect(gaps[5].score > 1.3, "\(gaps[5])")
      #expect(
        try fit.gaps(samples: samples, shouldStop: { true }, report: { _, _ in }) == nil)
    }
  }
}

struct FarthestPointsTests {
  /// Points in clumps, as patches lie.
  private static func points(_ count: Int, dimensions: Int, seed: UInt64 = 1) -> [[Float]] {
    var generator = SeededGenerator(seed: seed)
    let clumps = (0..<12).map { _ in (0..<dimensions).map { _ in 4 * generator.normal() } }
    return (0..<count).map { _ in
      let clump = clumps[generator.below(clumps.count)]
      return clump.map { Float($0 + generator.normal()) }
    }
  }

  private static func tensor(_ points: [[Float]]) throws -> Tensor {
    try Tensor(points.flatMap { $0 }, shape: [points.count, points[0].count])
  }

  private static func distance(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0.0) { $0 + Double($1.0 - $1.1) * Double($1.0 - $1.1) }.squareRoot()
  }

  /// As the algorithm is written: every choice reads all points.
  private static func naive(_ points: [[Float]], _ wanted: Int, from first: Int) -> [Int] {
    var chosen = [first]
    var near = points.map { distance($0, points[first]) }
    while chosen.count < wanted {
      let next = near.indices.reduce(0) { near[$1] > near[$0] ? $1 : $0 }
      chosen.append(next)
      for index in near.indices {
        near[index] = min(near[index], distance(points[index], points[next]))
      }
    }
    return chosen
  }

  /// The largest distance of a point to the nearest chosen one.
  static func radius(_ points: [[Float]], _ chosen: [Int]) -> Double {
    points.map { point in chosen.map { distance(point, points[$0]) }.min() ?? .infinity }
      .max() ?? 0
  }

  @Test(arguments: [1, 2, 7, 50, 300, 1000])
  func theChoiceIsThatOfTheAlgorithmAsWritten(shortlist: Int) throws {
    let points = Self.points(300, dimensions: 5)
    let found = try FarthestPoints(Self.tensor(points), shortlist: shortlist).chosen(60, from: 17)
    #expect(found == Self.naive(points, 60, from: 17))
  }

  @Test func manyPointsAreReadInSlices() throws {
    let points = Self.points(4500, dimensions: 3)
    let found = try FarthestPoints(Self.tensor(points), shortlist: 64).chosen(25, from: 4400)
    #expect(found == Self.naive(points, 25, from: 4400))
  }

  @Test func theChosenCoverBetterThanRandomOnes() throws {
    let points = Self.points(400, dimensions: 8)
    let found = try FarthestPoints(Self.tensor(points)).chosen(40, from: 0)
    let farthest = Self.radius(points, found)
    for seed in 0..<5 {
      var generator = SeededGenerator(seed: UInt64(seed))
      var order = Array(0..<400)
      generator.shuffle(&order)
      #expect(farthest < Self.radius(points, Array(order.prefix(40))))
    }
  }

  /// In a projection the choice is another, its radius hardly larger.
  @Test func aProjectionKeepsTheCover() throws {
    let points = Self.points(500, dimensions: 96)
    let matrix = try Generator(seed: 3).normal([48, 96])
      .affine(scale: 1 / Float(48).squareRoot(), offset: 0)
    let projected = try Self.tensor(points).linear(weight: matrix, bias: nil)
    let exact = try FarthestPoints(Self.tensor(points)).chosen(50, from: 0)
    let approximate = try FarthestPoints(projected).chosen(50, from: 0)
    #expect(approximate != exact)
    #expect(Self.radius(points, approximate) <= 1.2 * Self.radius(points, exact))
  }

  @Test func whatIsCoveredIsNotChosenAgain() throws {
    let few = Self.points(4, dimensions: 3)
    let points = (0..<40).map { few[$0 % 4] }
    let found = try FarthestPoints(Self.tensor(points), shortlist: 8).chosen(10, from: 5)
    // Rounding may find a copy a hair's breadth away, but no point twice.
    #expect(found.count <= 10 && Set(found).count == found.count)
    #expect(Set(found.prefix(4).map { $0 % 4 }) == [0, 1, 2, 3])
    let one = try FarthestPoints(Self.tensor([few[0]])).chosen(3, from: 0)
    #expect(one == [0])
  }

  @Test func whatTheReportThrowsEndsTheSearch() throws {
    struct Enough: Error {}
    let points = try FarthestPoints(Self.tensor(Self.points(100, dimensions: 3)), shortlist: 2)
    var last = 0
    #expect(throws: Enough.self) {
      _ = try points.chosen(90, from: 0) { count in
        last = count
        if count > 10 { throw Enough() }
      }
    }
    #expect(last > 10 && last < 90)
  }
}
