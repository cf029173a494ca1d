import Networks
import NormaCore
import NormaTraining
import Testing

@Suite struct BackboneFitTests {
  @Test(arguments: EfficientNetSpecification.all.map(\.name), [true, false])
  func everyNetworkIsFoundByItsNamesAndShapes(name: String, lukemelas: Bool) throws {
    let specification = try #require(EfficientNetSpecification.named(name))
    let last = specification.blocks.count - 1
    let shapes =
      lukemelas
      ? UpstreamNames.lukemelas(specification) : UpstreamNames.timm(specification, through: last)
    let best = try #require(BackboneFit.best(shapes))
    #expect(best.specification.name == name)
    #expect(best.isExact, "\(best.problems)")
  }

  @Test func foldedParametersFitToo() throws {
    let specification = try #require(EfficientNetSpecification.named("efficientnet-b0"))
    let fit = BackboneFit(specification.parameterShapes(throughBlock: 10), to: specification)
    #expect(fit.isExact, "\(fit.problems)")
  }

  @Test func saysWhatIsMissingMisshapenAndTooMuch() throws {
    let b0 = try #require(EfficientNetSpecification.named("efficientnet-b0"))
    var shapes = UpstreamNames.timm(b0, through: 10)
    shapes["blocks.1.0.conv_dw.weight"] = nil
    shapes["blocks.1.0.bn2.running_var"] = [95]
    shapes["blocks.1.2.conv_pw.weight"] = [1]
    shapes["blocks.6.0.conv_pw.weight"] = [1]
    shapes["classifier.weight"] = [1000, 1280]
    let fit = BackboneFit(shapes, to: b0)
    #expect(fit.missing == ["blocks.1.0.conv_dw.weight"])
    #expect(
      fit.misshapen.map(\.description) == ["blocks.1.0.bn2.running_var is [95], [96] is needed"])
    #expect(fit.extra == ["blocks.1.2.conv_pw.weight"])
    #expect(!fit.isExact)
    #expect(fit.problems.contains("blocks.1.0.bn2.running_var is [95], [96] is needed"))
  }

  @Test func aTrunkThatEndsWithinAStageDoesNotMindTheRestOfIt() throws {
    let b4 = try #require(EfficientNetSpecification.named("efficientnet-b4"))
    let shapes = UpstreamNames.timm(b4, through: 21)
    for block in 0...21 {
      #expect(BackboneFit(shapes, to: b4, lastBlock: block).isExact)
    }
    #expect(BackboneFit(shapes, to: b4, lastBlock: 22).missing.first == "blocks.5.0.conv_pw.weight")
  }

  @Test func nothingOfAnEfficientNetIsNoBackbone() {
    #expect(BackboneFit.best(["layer1.0.conv1.weight": [64, 64, 3, 3]]) == nil)
    #expect(BackboneFit.best([:]) == nil)
  }
}
