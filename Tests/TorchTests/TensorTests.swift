import Foundation
import Networks
import Testing
import Torch

struct TensorTests {
  @Test func aTruncatedNormalStaysWithin() throws {
    let drawn = try Generator(seed: 1).initialized(
      [40_000], .truncatedNormal(deviation: 0.01, limit: 0.03)
    ).floats().map(Double.init)
    #expect(drawn.allSatisfy { abs($0) <= 0.03 } && drawn.contains { abs($0) > 0.025 })
    let mean = drawn.reduce(0, +) / 40_000
    let deviation = (drawn.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 40_000).squareRoot()
    // Cut off at three deviations a normal distribution keeps 0.9866 of its deviation.
    #expect(abs(mean) < 2e-4 && abs(deviation - 0.009866) < 1e-4, "\(mean), \(deviation)")
    // Much nearer the cut leaves nearly even values.
    let flat = try Generator(seed: 1).truncatedNormal([40_000], within: 0.1).floats()
    #expect(flat.allSatisfy { abs($0) <= 0.1 })
    #expect(try flat == Generator(seed: 1).truncatedNormal([40_000], within: 0.1).floats())
  }

  @Test func errorsAreThrownAndSayWhatDidNotFit() throws {
    let left = try Tensor([1, 2, 3], shape: [3])
    let right = try Tensor([1, 2], shape: [2])
    let error = #expect(throws: TorchError.self) { try left + right }
    #expect(error?.description.contains("size of tensor") == true)
    #expect(throws: TorchError.self) { try Tensor([1, 2], shape: [3]) }
    #expect(throws: TorchError.self) { try left.item() }
    #expect(throws: TorchError.self) { try left.reshaped([2, 2]) }
    #expect(throws: TorchError.self) { try left.sliced(axis: 0, 1..<4) }
  }

  @Test func bfloatsAreWidenedExactly() throws {
    let halves: [UInt16] = [0x3F80, 0xC000, 0x0000, 0x7F7F]
    let tensor = try halves.withUnsafeBufferPointer { try Tensor(bfloats: $0, shape: [2, 2]) }
    #expect(try tensor.floats() == halves.map { Float(bitPattern: UInt32($0) << 16) })
  }

  @Test func seedsDecideRandomNumbers() throws {
    let first = try Generator(seed: 7).normal([64]).floats()
    #expect(try Generator(seed: 7).normal([64]).floats() == first)
    #expect(try Generator(seed: 8).normal([64]).floats() != first)
  }

  @Test func initialisersKeepTheirBounds() throws {
    let generator = try Generator(seed: 1)
    let bounds = try generator.initialized([4096], .uniform(low: -0.5, high: 2)).floats()
    #expect(bounds.allSatisfy { $0 >= -0.5 && $0 <= 2 })
    #expect((bounds.min() ?? 0) < -0.45 && (bounds.max() ?? 0) > 1.95)
    let normal = try generator.initialized([65536], .normal(mean: 3, deviation: 0.5)).floats()
    let mean = normal.reduce(0, +) / Float(normal.count)
    #expect(abs(mean - 3) < 0.02)
  }

  @Test func theLogarithmOfZeroHidesAndTeachesNothing() throws {
    let weights = try Tensor([0, 0.25, 1], shape: [1, 3])
    try weights.requireGradient()
    let logarithm = try weights.logarithm()
    #expect(try logarithm.floats() == [-.infinity, Float(log(0.25)), 0])
    // Through a softmax, as an attention's bias: what is hidden gets no gradient, and no NaN.
    let values = try Tensor([5, 2, 1], shape: [1, 3])
    try (logarithm.softmax(axis: 1) * values).sum(axes: [0, 1]).reshaped([]).backward()
    let gradient = try #require(try weights.gradient()).floats()
    // d/dw of (2w + 1)/(w + 1) at 0.25, and of (0.5 + v)/(0.25 + v) at 1.
    #expect(gradient[0] == 0)
    #expect(abs(gradient[1] - 0.64) < 1e-5 && abs(gradient[2] + 0.16) < 1e-5)
  }

  @Test func selectionTakesElementsInAnyOrderAndAgain() throws {
    let table = try Tensor((0..<6).map(Float.init), shape: [3, 2])
    try table.requireGradient()
    let picked = try table.gathered(axis: 0, [2, 0, 2])
    #expect(try picked.floats() == [4, 5, 0, 1, 4, 5])
    try picked.sum(axes: [0, 1]).reshaped([]).backward()
    #expect(try table.gradient()?.floats() == [1, 1, 0, 0, 2, 2])
    #expect(throws: TorchError.self) { try table.gathered(axis: 0, [3]) }
  }

  @Test func gradientsAreRecordedOnlyWhereWanted() throws {
    let parameter = try Tensor([2], shape: [1])
    try parameter.requireGradient()
    let quiet = try withoutGradient { try parameter * parameter }
    #expect(throws: TorchError.self) { try quiet.reshaped([]).backward() }
    try (parameter * parameter).reshaped([]).backward()
    #expect(try parameter.gradient()?.item() == 4)
    try parameter.clearGradient()
    #expect(try parameter.gradient() == nil)
  }

  @Test func scopesPutBackWhatWasInForceAlsoAfterAnError() throws {
    struct Stop: Error {}
    let parameter = try Tensor([2], shape: [1])
    try parameter.requireGradient()
    #expect(throws: Stop.self) { try withoutGradient { throw Stop() } }
    #expect(throws: Stop.self) { try withBF16Autocast { throw Stop() } }
    try (parameter * parameter).reshaped([]).backward()
    #expect(try parameter.gradient()?.item() == 4)
    // 1 + 2⁻⁹ is not a brain float: products differ under autocast and only there.
    let fine = try Tensor([1 + 1 / 512, 0, 0, 1], shape: [2, 2])
    let unit = try Tensor([1, 0, 0, 1], shape: [2, 2])
    #expect(try fine.matmul(unit).floats()[0] == 1 + 1 / 512)
    #expect(try withBF16Autocast { try fine.matmul(unit).floats()[0] } == 1)
    #expect(try withBF16Autocast(false) { try fine.matmul(unit).floats()[0] } == 1 + 1 / 512)
  }

  @Test func sharedQueriesServeEveryPicture() throws {
    let generator = try Generator(seed: 3)
    let shared = try generator.normal([1, 2, 5, 4])
    let keys = try generator.normal([3, 2, 6, 4])
    let values = try generator.normal([3, 2, 6, 4])
    let together = try shared.attention(keys: keys, values: values, bias: nil)
    for picture in 0..<3 {
      let alone = try shared.attention(
        keys: keys.sliced(axis: 0, picture..<picture + 1),
        values: values.sliced(axis: 0, picture..<picture + 1), bias: nil)
      let difference = try zip(
        together.sliced(axis: 0, picture..<picture + 1).floats(), alone.floats()
      ).map { abs($0 - $1) }.max()
      #expect((difference ?? 1) < 1e-6)
    }
  }

  /// In 16 bits attention takes another way, by plain products: to the same results and gradients, but
  /// for the rounding, with a mask and without, also for queries that all pictures share.
  @Test(arguments: [(1, false), (1, true), (3, false), (3, true)])
  func attentionIn16BitsIsThatOf32(batch: Int, isMasked: Bool) throws {
    let generator = try Generator(seed: 5)
    let values = try [
      generator.normal([batch, 2, 5, 4]), generator.normal([3, 2, 6, 4]),
      generator.normal([3, 2, 6, 4]),
    ].map { try $0.floats() }
    let weights = try generator.normal([3, 2, 5, 4])
    let hidden = (0..<30).map { $0 % 7 == 3 ? -Float.infinity : 0 }
    func attended(in16Bits: Bool) throws -> [[Float]] {
      let shapes = [[batch, 2, 5, 4], [3, 2, 6, 4], [3, 2, 6, 4]]
      let inputs = try zip(values, shapes).map { try Tensor($0, shape: $1) }
      for input in inputs { try input.requireGradient() }
      let bias = isMasked ? try Tensor(hidden, shape: [1, 1, 5, 6]) : nil
      let output = try withBF16Autocast(in16Bits) {
        try inputs[0].attention(keys: inputs[1], values: inputs[2], bias: bias)
      }
      try (output * weights).sum(axes: [0, 1, 2, 3]).reshaped([]).backward()
      return try [output.floats()] + inputs.map { try #require(try $0.gradient()).floats() }
    }
    for (narrow, wide) in try zip(attended(in16Bits: true), attended(in16Bits: false)) {
      let largest = try #require(wide.map(abs).max())
      let difference = try #require(zip(narrow, wide).map { abs($0 - $1) }.max())
      #expect(difference > 0 && difference < 0.03 * largest, "\(difference) of \(largest)")
    }
  }

  @Test func parametersAreSharedByNameAndRefusedInAnotherShape() throws {
    let store = ParameterStore()
    let parameters = store.initialized(by: try Generator(seed: 0))
    let first = try parameters.scope("a").scope("b")("weight", [2, 3], .ones)
    let again = try parameters("a.b.weight", [2, 3], .zeros)
    #expect(first === again)
    #expect(store.names == ["a.b.weight"])
    #expect(throws: TorchError.self) { try parameters("a.b.weight", [3, 2], .ones) }
    #expect(throws: TorchError.self) { try store.assign([:]) }
  }

  /// Kept or computed again, what lies between the layers gives the same gradients.
  @Test(arguments: [false, true]) func aPerceptronIsItsParts(bf16: Bool) throws {
    let generator = try Generator(seed: 4)
    let shapes = [[2, 7, 4], [9, 4], [9], [3, 9], [3]]
    let values = try shapes.map { try generator.normal($0).floats() }
    func result(_ forward: ([Tensor]) throws -> Tensor) throws -> [[Float]] {
      let tensors = try zip(values, shapes).map { try Tensor($0, shape: $1) }
      for tensor in tensors { try tensor.requireGradient() }
      let output = try withBF16Autocast(bf16) { try forward(tensors) }
      let target = try Tensor(repeating: 1, shape: output.shape)
      try output.toFloat().meanSquaredError(target).backward()
      return try [output.floats()] + tensors.map { try $0.gradient()?.floats() ?? [] }
    }
    let whole = try result {
      try $0[0].perceptron(
        first: LinearWeights(weight: $0[1], bias: $0[2]),
        second: LinearWeights(weight: $0[3], bias: $0[4]))
    }
    let parts = try result {
      try $0[0].linear(weight: $0[1], bias: $0[2]).gelu().linear(weight: $0[3], bias: $0[4])
    }
    for (a, b) in zip(whole, parts) {
      #expect(a.count == b.count && !a.isEmpty)
      let largest = b.reduce(0) { max($0, abs($1)) }
      let worst = zip(a, b).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
      #expect(worst <= (bf16 ? 2e-2 : 1e-5) * largest)
    }
  }
}
