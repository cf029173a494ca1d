import Networks
import NormaCore
import NormaTraining
import ONNX
import OpenVINO
import Testing
import Torch

struct ResidualTests {
  private static let grid = Grid(height: 5, width: 4)

  /// Two tokens of two channels: one that is too long, one that is turned by a right angle.
  @Test(arguments: [
    (Residual.norm, [5, 2] as [Float]), (.product, [0, 2]), (.sum, [12.5, 3]),
  ])
  func aTokensAnomaly(residual: Residual, expected: [Float]) throws {
    let tokens = try Tensor([6, 8, 2.0.squareRoot(), 0].map { Float($0) }, shape: [1, 2, 2])
    let rebuilt = try Tensor([3, 4, 0, 2.0.squareRoot()].map { Float($0) }, shape: [1, 2, 2])
    let found = try residual(tokens, rebuilt)
    #expect(found.shape == [1, 2, 1])
    for (a, b) in try zip(found.floats(), expected) { #expect(abs(a - b) < 1e-5) }
  }

  @Test func theCosineDistanceKeepsSmallAngles() throws {
    let a = try Tensor([3, 4, 1, 0], shape: [2, 2])
    let b = try Tensor([3.003, 4, 0, 7], shape: [2, 2])
    let found = try a.cosineDistance(b).floats()
    // cos between (3, 4) and (3.003, 4), in double precision.
    let cosine = (3 * 3.003 + 16) / (5 * (3.003 * 3.003 + 16).squareRoot())
    #expect(abs(Double(found[0]) / (1 - cosine) - 1) < 1e-2)
    #expect(abs(found[1] - 1) < 1e-6)
  }

  @Test(arguments: Residual.allCases)
  func aRecipeChoosesIt(residual: Residual) throws {
    for name in ["ras", "uniad", "uranet"] {
      var recipe = Recipe(method: name)
      recipe[RASSettings.self].residual = residual
      recipe[UniADSettings.self].residual = residual
      recipe[URANetSettings.self].residual = residual
      let method = try recipe.trainingMethod(recipe.trunk())
      let chosen =
        (method as? any FeatureReconstruction)?.residual
        ?? (method as? URANetMethod)?.settings.residual
      #expect(chosen?.rawValue == residual.rawValue, "\(name)")
    }
  }

  private static var ras: RASMethod {
    var c = RASSettings()
    (c.hidden, c.heads, c.feedforward, c.window) = (16, 4, 24, 3)
    return RASMethod(c, shape: MapShape(channels: 6, grid: grid))
  }

  private static var uniAD: UniADMethod {
    var c = UniADSettings()
    (c.hidden, c.heads, c.feedforward, c.window) = (16, 4, 24, 3)
    return UniADMethod(c, shape: MapShape(channels: 6, grid: grid))
  }

  @Test(arguments: Residual.allCases, [ras, uniAD] as [any FeatureReconstruction & Sendable])
  func theMapAndItsGraphHaveIt(residual: Residual, of given: any FeatureReconstruction & Sendable)
    throws
  {
    var method = given
    method.residual = residual
    let store = ParameterStore()
    let source = store.initialized(by: try Generator(seed: 1))
    let features = try Generator(seed: 2).normal([2, 6, 5, 4])
    let map = try method.anomalyMap(features, method.reconstructor(source))
    let rebuilt = try method.reconstructor(source).reconstruction(features, noise: nil)
    let expected = try residual(features.tokens(), rebuilt).featureMap(Self.grid).floats()
    #expect(try map.floats() == expected)

    let graph = Graph(name: "residual")
    let values = Dictionary(
      uniqueKeysWithValues: try store.names.map { name in
        let tensor = try #require(store[name])
        return (name, (shape: tensor.shape, values: try tensor.floats()))
      })
    let input = try graph.input("features", shape: [-1, 6, 5, 4])
    let recorded = try method.anomalyMap(
      input, method.reconstructor(graph.parameters(from: values)))
    try graph.output(recorded, name: "map")
    let request = try Core().compile(onnx: graph.model(), options: CompileOptions(threads: 2))
      .makeRequest()
    try request.setInput("features", features.floats(), shape: [2, 6, 5, 4])
    try request.infer()
    let found = try request.output("map").values
    let largest = expected.map(abs).max() ?? 0
    let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
    #expect(found.count == expected.count && worst < 1e-4 * largest)
  }
}
