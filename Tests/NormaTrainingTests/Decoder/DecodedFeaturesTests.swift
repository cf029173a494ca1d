import Foundation
import Networks
import NormaCore
import NormaFiles
import NormaTraining
import Testing
import Torch

struct DecodedFeaturesTests {
  private func weights(_ method: any TrainingMethod) throws -> [String: WeightTensor] {
    let store = ParameterStore()
    _ = try method.network(store.initialized(by: Generator(seed: 5)))
    return try store.names.reduce(into: [:]) { weights, name in
      let tensor = try #require(store[name])
      weights[name] = WeightTensor(shape: tensor.shape, values: try tensor.floats())
    }
  }

  @Test func aDecoderSurvivesItsFile() throws {
    try withTemporaryFolder { folder in
      let data = try SmallDecoding.data(in: folder)
      let decoder = try SmallDecoding.decoder(data, standardization: data.standardization)
      let path = folder.appendingPathComponent("decoder").path
      try decoder.write(to: path, fingerprint: "f")
      let read = try TrainedDecoder(path: path, fingerprint: "f")
      let features = try data.store.batch([0, 1])
      let pictures = try decoder.pictures(features)
      #expect(pictures.count == 2 && pictures[0] != pictures[1])
      #expect(pictures.allSatisfy { $0.count == 3 * 16 * 16 })
      #expect(try read.pictures(features) == pictures)
      #expect(read.heldOutError == decoder.heldOutError && read.heldOutError != nil)
      #expect(throws: FileProblem.self) { try TrainedDecoder(path: path, fingerprint: "g") }
    }
  }

  /// A model that standardises features has them decoded as it sees them; another one's decoder
  /// standardises them itself. Both draw the same.
  @Test func featuresAreDecodedAsTheModelSeesThem() throws {
    try withTemporaryFolder { folder in
      let data = try SmallDecoding.data(in: folder)
      let method = SmallTraining.method
      let weights = try weights(method)
      let features = try data.store.batch([2])[0].floats()
      func seen(model: [Standardization]?, decoder: [Standardization]?) throws -> [UInt8] {
        try DecodedFeatures(
          method: method, network: StoredNetwork(weights: weights, standardization: model),
          decoder: SmallDecoding.decoder(data, standardization: decoder),
          examples: data.store.batch(data.training)
        ).picture(features).seen
      }
      let byModel = try seen(model: data.standardization, decoder: nil)
      #expect(try seen(model: nil, decoder: data.standardization) == byModel)
      #expect(try seen(model: nil, decoder: nil) != byModel)
    }
  }

  @Test func rasDrawsEachStep() throws {
    try withTemporaryFolder { folder in
      let data = try SmallDecoding.data(in: folder)
      let method = SmallTraining.method
      let decoded = try DecodedFeatures(
        method: method,
        network: StoredNetwork(
          weights: weights(method), standardization: data.standardization),
        decoder: SmallDecoding.decoder(data, standardization: nil),
        examples: data.store.batch(data.training))
      let picture = try decoded.picture(data.store.batch([0])[0].floats())
      #expect(picture.rebuilt.map(\.name) == ["step 1", "step 2"])
      #expect(Set(picture.rebuilt.map(\.rgb) + [picture.seen]).count == 3)
      #expect(try decoded.learned().isEmpty)
      #expect(throws: TrainerError.self) { try decoded.picture([1, 2, 3]) }
    }
  }

  @Test func rlrDrawsWhatItsReferenceKnows() throws {
    try withTemporaryFolder { folder in
      let data = try SmallRLR.data(in: folder)
      let configuration = FeatureDecoderConfiguration(
        levels: SmallRLR.shapes.map { .init(channels: $0.channels, grid: $0.grid) },
        imageSize: 16)
      let store = ParameterStore()
      _ = try configuration.network(store.initialized(by: Generator(seed: 6)))
      let network = TrainedNetwork(
        names: store.names,
        shapes: Dictionary(uniqueKeysWithValues: zip(store.names, store.all.map(\.shape))),
        values: try store.values(), history: LossHistory())
      let decoder = TrainedDecoder(
        network, configuration: configuration, standardization: nil)
      let method = SmallRLR.method
      let decoded = try DecodedFeatures(
        method: method,
        network: StoredNetwork(
          weights: weights(method), standardization: data.standardization), decoder: decoder,
        examples: data.batch([1]))
      let learned = try decoded.learned()
      #expect(
        learned.map(\.name) == ["all levels", "8×8 tokens alone", "4×4 tokens alone"])
      #expect(Set(learned.map(\.rgb)).count == 3)
      let features = try data.store.batch([3]).flatMap { try $0.floats() }
      #expect(try decoded.picture(features).rebuilt.map(\.name) == ["rebuilt"])
    }
  }

  /// What RAS's earlier steps know is read by what fits good pictures: an untrained network's latents,
  /// wider than the features, hold nearly all of these.
  @Test func earlierStepsSayWhatTheirLatentsHold() throws {
    try withTemporaryFolder { folder in
      let features = try SmallDecoding.data(in: folder).batch(Array(0..<16)).dropLast()
      let method = SmallTraining.method
      let rebuilder = try method.rebuilder(
        Parameters(constants: weights(method)), examples: Array(features))
      let wanted = try features[0].floats()
      let mean = wanted.reduce(0, +) / Float(wanted.count)
      let spread = wanted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      let steps = try rebuilder(Array(features)).map { try $0.maps[0].floats() }
      let errors = steps.map { step in
        zip(step, wanted).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / spread
      }
      #expect(errors.count == 2 && errors[0] < 0.5 && errors[1] > 0.9, "\(errors)")
      // The last step is the network's own.
      let network = try RAS(
        method.settings, shape: method.shape, Parameters(constants: weights(method)))
      #expect(try network.steps(features[0])[1].floats() == steps[1])
    }
  }

  /// Those that rebuild, and those that only measure a distance.
  @Test func whoCanBePortrayed() throws {
    let known = ["ras", "uniad", "rlr", "uranet", "patchcore", "padim"]
    let able = try known.filter { name in
      var recipe = Recipe()
      recipe.method = name
      // A size at which RLR's levels have the grids that its windows are known for.
      recipe.backbone.imageSize = 256
      return try recipe.trainingMethod(recipe.trunk()) is any RebuildingMethod
    }
    #expect(able == ["ras", "uniad", "rlr", "uranet"])
  }
}
