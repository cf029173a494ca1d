import Foundation
import Networks
import NormaCore
import Testing

/// What a recipe says of an ensemble and of further backbones.
@Suite struct EnsembleRecipeTests {
  private static let text = """
    method: ensemble
    backbone:
      name: efficientnet-b4
      beside:
        - name: dinov2_vits14
          taps: [[6, 7, 8, 9]]
          pool: false
    ensemble:
      members:
        - patchcore: {share: 0.25}
          method: patchcore
        - method: ras
          ras: {hidden: 128}
          weight: 0.5
          training: {epochs: 16, learningRate: 1e-3}
        - {method: patchcore, backbone: 1}
      score: members

    """

  private static func problem(_ text: String) -> String {
    do {
      _ = try Recipe.parse(text, file: "r.yaml")
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test func itIsReadAndWritten() throws {
    let recipe = try Recipe.parse(Self.text)
    let ensemble = recipe[EnsembleSettings.self]
    #expect(ensemble.members.map(\.method) == ["patchcore", "ras", "patchcore"])
    #expect(ensemble.members.map(\.backbone) == [0, 0, 1])
    #expect(ensemble.members.map(\.weight) == [1, 0.5, 1])
    #expect(ensemble.score == .members)
    let first = try #require(ensemble.members[0].settings as? PatchCoreSettings)
    #expect(first.share == 0.25, "its section stands before its method's name")
    let second = try #require(ensemble.members[1].settings as? RASSettings)
    #expect(second.hidden == 128 && second.window == RASSettings().window)
    #expect(ensemble.members[1].training.epochs == 16)
    #expect(ensemble.members[1].training.batch == nil)
    #expect(recipe.features.standardize, "its own default")
    // The same from what is written of it, in YAML and in the manifest's JSON.
    #expect(try Recipe.parse(recipe.yaml) == recipe)
    let data = try JSONEncoder().encode(recipe)
    #expect(try JSONDecoder().decode(Recipe.self, from: data) == recipe)
    var other = recipe
    other[EnsembleSettings.self].members[1].training.epochs = 17
    #expect(other != recipe)
  }

  @Test func recipesWithoutItAreWrittenAsBefore() throws {
    let recipe = Recipe()
    #expect(!recipe.yaml.contains("beside") && !recipe.yaml.contains("ensemble"))
    let json = String(decoding: try JSONEncoder().encode(recipe), as: UTF8.self)
    #expect(!json.contains("beside") && !json.contains("ensemble"))
    #expect(recipe.parts == [recipe])
  }

  @Test func eachBackboneHasARecipeOfItsOwn() throws {
    let recipe = try Recipe.parse(Self.text)
    let parts = recipe.parts
    #expect(parts.map(\.backbone.name) == ["efficientnet-b4", "dinov2_vits14"])
    #expect(parts.map(\.features.pool) == [true, false])
    #expect(parts.allSatisfy { $0.features.standardize && $0.backbone.beside.isEmpty })
    #expect(parts.map { $0[EnsembleSettings.self].members.count } == [2, 1])
    for part in parts { #expect(throws: Never.self) { try part.validate() } }
    let trunk = try recipe.trunk()
    #expect(trunk.parts.count == 2)
    #expect(trunk.outputs.map(\.channels) == [272, 384])
    #expect(trunk.outputs.map(\.grid.height) == [14, 16])
    #expect(trunk.parameterScope(ofPart: 0) == nil && trunk.parameterScope(ofPart: 1) == "1")
    // What a recipe of one backbone extracts is the same as the ensemble's part of it.
    var plain = Recipe()
    plain.features.standardize = true
    let alone = try plain.trunk()
    #expect(alone.outputs == trunk.parts[0].outputs && alone.taps == trunk.parts[0].taps)
    #expect("\(alone.arrangement)" == "\(trunk.parts[0].arrangement)")
    #expect(alone.parts.count == 1)
  }

  @Test func oneBackboneTwiceSharesItsParameters() throws {
    let recipe = try Recipe.parse(
      """
      method: ensemble
      backbone:
        beside: [{name: dinov2_vits14}, {name: efficientnet-b4, taps: [1, 5]}]
      ensemble:
        members: [{method: ras}, {method: padim, backbone: 1}, {method: padim, backbone: 2}]

      """)
    let trunk = try recipe.trunk()
    #expect(trunk.parts.indices.map(trunk.parameterScope) == [nil, "1", nil])
  }

  @Test func whatCannotBeIsToldWithItsLine() {
    func members(_ text: String, beside: String = "") -> String {
      Self.problem("method: ensemble\n\(beside)ensemble:\n  members:\n\(text)")
    }
    #expect(
      Self.problem("method: ensemble\nensemble: {members: []}\n").contains(
        "r.yaml:2: ensemble.members: an ensemble needs members"))
    #expect(Self.problem("method: ensemble\n").isEmpty, "a bank and RAS")
    #expect(
      members("    - {method: rsa}\n").contains(
        "r.yaml:4: ensemble.members.0.method: 'rsa' is none; dinomaly, padim, patchcore, ras"))
    #expect(members("    - {method: ensemble}\n").contains("'ensemble' is none"))
    #expect(members("    - {weight: 1}\n").contains("a member names its method"))
    #expect(
      members("    - {method: ras}\n    - {method: padim, backbone: 1}\n").contains(
        "r.yaml:5: ensemble.members.1.backbone: there is no backbone 1: 0 is the recipe's own, and "
          + "backbone.beside names none"))
    #expect(
      members("    - {method: padim}\n    - {method: ras, ras: {hidden: 3}}\n").contains(
        "r.yaml:5: ensemble.members.1.ras.hidden: 3 is"))
    #expect(
      members("    - {method: ras, ras: {hiden: 3}}\n").contains(
        "unknown key 'hiden' in ensemble.members.0.ras (did you mean 'hidden'?)"))
    #expect(
      members("    - {method: ras, training: {epochs: 0}}\n").contains(
        "ensemble.members.0.training.epochs: 0 is out of range; 1 to 1000000"))
    #expect(
      members("    - {method: ras, training: {optimizer: sdg}}\n").contains(
        "ensemble.members.0.training.optimizer: expected one of adamw, adam"))
    #expect(
      members("    - {method: ras}\n    - {method: rlr}\n").contains(
        "ensemble.members.1.backbone: RLR takes the levels of the backbone otherwise than member 0")
    )
    #expect(
      members(
        "    - {method: ras}\n", beside: "backbone: {beside: [{name: dinov2_vits14}]}\n"
      ).contains("no member sees through backbone 1"))
    #expect(
      Self.problem(
        "scoring: {precision: bf16}\n" + "method: ensemble\n"
          + "ensemble: {members: [{method: patchcore}, {method: patchcore}]}\n"
      ).hasPrefix(
        "r.yaml:1: scoring.precision: patchcore's distances"))
  }

  @Test func furtherBackbonesAreAnEnsemblesAlone() {
    #expect(
      Self.problem("backbone:\n  beside: [{name: dinov2_vits14}]\n")
        == "r.yaml:2: backbone.beside: only the members of an ensemble see through several backbones, "
        + "and the method is ras")
    func beside(_ text: String, size: Int = 224) -> String {
      Self.problem(
        "method: ensemble\nbackbone:\n  imageSize: \(size)\n  beside: [\(text)]\n"
          + "ensemble: {members: [{method: ras}, {method: ras, backbone: 1}]}\n")
    }
    #expect(beside("{name: dinov2_vits14}").isEmpty)
    #expect(
      beside("{name: dinov2_vits41}").contains(
        "r.yaml:4: backbone.beside.0.name: unknown backbone 'dinov2_vits41'"))
    #expect(beside("{name: dinov2_vits14}", size: 256).contains("backbone.beside.0.name: "))
    #expect(
      beside("{name: efficientnet-b4, weights: there.pth}").contains(
        "backbone.beside.0.weights: efficientnet-b4 is named twice, with other weights each time"))
  }

  @Test func whatAMemberLearnsIsTold() throws {
    let recipe = try Recipe.parse(Self.text)
    var other = recipe
    other[EnsembleSettings.self].members[0].weight = 3
    other[EnsembleSettings.self].score = .map
    #expect(other != recipe && other.trainsSame(as: recipe))
    var wider = RASSettings()
    wider.hidden = 256
    other[EnsembleSettings.self].members[1] = EnsembleMember(
      "ras", settings: wider, training: recipe[EnsembleSettings.self].members[1].training)
    let keys = other.learned.differences(from: recipe.learned).map(\.key)
    #expect(keys == ["ensemble.members.1.ras.hidden"])
  }
}
