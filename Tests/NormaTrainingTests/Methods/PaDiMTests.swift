import Foundation
import Networks
import NormaCore
import NormaTraining
import Testing
import Torch

struct PaDiMFitTests {
  /// The inverse by Gauss and Jordan, with the largest pivot.
  private func inverse(_ matrix: [[Double]]) -> [[Double]] {
    let n = matrix.count
    var rows = matrix.enumerated().map { index, row in
      row + (0..<n).map { $0 == index ? 1 : 0 }
    }
    for column in 0..<n {
      let pivot = (column..<n).reduce(column) {
        abs(rows[$1][column]) > abs(rows[$0][column]) ? $1 : $0
      }
      rows.swapAt(column, pivot)
      let scale = rows[column][column]
      rows[column] = rows[column].map { $0 / scale }
      for row in 0..<n where row != column {
        let factor = rows[row][column]
        rows[row] = zip(rows[row], rows[column]).map { $0 - factor * $1 }
      }
    }
    return rows.map { Array($0[n...]) }
  }

  @Test(arguments: [0.01, 1], [false, true])
  func theMapIsTheMahalanobisDistance(epsilon: Double, standardize: Bool) throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(
        try SmallTraining.store(in: folder), standardize: standardize)
      var method = SmallFit.padim
      method.settings.epsilon = epsilon
      let network = try SmallFit.fitted(method, data)
      let maps = try SmallFit.maps(method, network, data)
      let patches = try SmallFit.patches(data).map { picture in
        picture.map { patch in method.selected.map { patch[$0] } }
      }
      let width = method.selected.count
      for position in 0..<SmallFit.grid.count {
        let seen = data.training.map { patches[$0][position] }
        let mean = (0..<width).map { k in seen.reduce(0) { $0 + $1[k] } / Double(seen.count) }
        let covariance = (0..<width).map { i in
          (0..<width).map { j -> Double in
            let sum = seen.reduce(0.0) { $0 + ($1[i] - mean[i]) * ($1[j] - mean[j]) }
            return sum / Double(seen.count - 1) + (i == j ? epsilon : 0)
          }
        }
        let inverse = inverse(covariance)
        for picture in 0..<data.store.count {
          let away = zip(patches[picture][position], mean).map { $0 - $1 }
          let turned = inverse.map { row in zip(row, away).reduce(0.0) { $0 + $1.0 * $1.1 } }
          let square = zip(turned, away).reduce(0.0) { $0 + $1.0 * $1.1 }
          let found = Double(maps[picture][position])
          #expect(abs(found - square.squareRoot()) < 1e-4 * max(1, found), "\(found), \(square)")
        }
      }
    }
  }

  @Test func batchesAddUp() throws {
    // More pictures than are read at once: the same as a fit by hand, channel by channel.
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder, count: 75), heldOut: 0)
      let network = try SmallFit.fitted(SmallFit.padim, data)
      let mean = try #require(network.values["mean"])
      let patches = try SmallFit.patches(data)
      for position in 0..<SmallFit.grid.count {
        for (index, channel) in SmallFit.padim.selected.enumerated() {
          let expected = patches.reduce(0) { $0 + $1[position][channel] } / 75
          #expect(abs(Double(mean[position * 4 + index]) - expected) < 1e-5)
        }
      }
    }
  }

  @Test func onePictureHasNoSpreadButADistance() throws {
    try withTemporaryFolder { folder in
      let data = SmallTraining.data(try SmallTraining.store(in: folder, count: 5), heldOut: 4)
      let network = try SmallFit.fitted(SmallFit.padim, data)
      let maps = try SmallFit.maps(SmallFit.padim, network, data)
      #expect(maps.joined().allSatisfy { $0.isFinite })
      // Only ε is left of the covariance: the distance is ten times Euclid's.
      let patches = try SmallFit.patches(data)
      let near = SmallFit.padim.selected.reduce(0.0) {
        let difference = patches[0][0][$1] - patches[4][0][$1]
        return $0 + difference * difference
      }
      #expect(abs(Double(maps[0][0]) - 10 * near.squareRoot()) < 1e-3)
      #expect(maps[4].allSatisfy { $0 < 1e-4 })
    }
  }

  @Test func featuresThatAreNotNumbersAreRefused() throws {
    try withTemporaryFolder { folder in
      var features = SmallTraining.features(6)
      features[3][7] = .nan
      let data = SmallTraining.data(
        try SmallTraining.store(in: folder, features: features), heldOut: 0)
      for method in [SmallFit.patchCore, SmallFit.padim] as [any FittedMethod] {
        let error = #expect(throws: TrainerError.self) { try SmallFit.fitted(method, data) }
        #expect(error?.description.contains("finite") == true)
      }
    }
  }

  @Test func theRecipesSeedDrawsTheChannels() throws {
    var recipe = Recipe(method: "padim")
    recipe[PaDiMSettings.self].dimensions = 20
    let trunk = try recipe.trunk()
    func selected() throws -> [Int] {
      try #require(recipe.trainingMethod(trunk) as? PaDiMMethod).selected
    }
    let first = try selected()
    #expect(first.count == 20 && first == Set(first).sorted() && first.allSatisfy { $0 < 272 })
    #expect(try selected() == first)
    recipe.training.seed = 1
    #expect(try selected() != first)
    recipe[PaDiMSettings.self].dimensions = 400
    #expect(try selected() == Array(0..<272))
  }
}
