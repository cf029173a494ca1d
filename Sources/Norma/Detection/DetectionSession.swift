import NormaCore
import OpenVINO

/// One request of a detector with its buffers, for one thread.
public final class DetectionSession {
  private let request: InferRequest
  private let imageSize: Int
  private let perceives: Bool
  private let noise: DetectionNoise?

  init(
    request: InferRequest, imageSize: Int, perceives: Bool, noise: DetectionNoise? = nil
  ) {
    self.request = request
    self.imageSize = imageSize
    self.perceives = perceives
    self.noise = noise
  }

  /// What the network says of a picture of its size. Throws `DetectionError` when the picture has
  /// another size or the result is not a number; `name` stands for the picture there.
  public func detect(_ picture: Picture, name: String) throws -> Detection {
    guard picture.width == imageSize, picture.height == imageSize else {
      throw DetectionError(
        "\(name): \(picture.width)×\(picture.height) pixels; the network takes "
          + "\(imageSize)×\(imageSize)")
    }
    try request.setInput(GraphPort.pictures, picture.rgb, shape: [1, imageSize, imageSize, 3])
    if let noise {
      try request.setInput(GraphPort.noise, noise.values(for: name), shape: noise.shape)
    }
    try request.infer()
    let map = try values(of: GraphPort.anomalyMap, name: name)
    let score = try values(of: GraphPort.score, name: name)
    return Detection(
      score: score[0], map: AnomalyMap(width: imageSize, height: imageSize, values: map),
      feature: try values(of: GraphPort.feature, name: name), original: picture.original,
      perceived: try perceives ? perceived(name) : nil)
  }

  private func perceived(_ name: String) throws -> PicturePerception {
    let probability = try request.output(GraphPort.probability)
    return try PicturePerception(
      suspicion: values(of: GraphPort.suspicion, name: name)[0],
      probability: AnomalyMap(
        width: probability.shape[2], height: probability.shape[1],
        values: finite(probability.values, of: GraphPort.probability, name: name)),
      uncertainty: AnomalyMap(
        width: imageSize, height: imageSize,
        values: values(of: GraphPort.uncertaintyMap, name: name)))
  }

  private func values(of output: String, name: String) throws -> [Float] {
    try finite(request.output(output).values, of: output, name: name)
  }

  private func finite(_ values: [Float], of output: String, name: String) throws -> [Float] {
    guard values.allSatisfy(\.isFinite) else {
      let count = values.count { !$0.isFinite }
      throw DetectionError(
        "\(name): \(count) of \(values.count) values of the model's '\(output)' are not finite "
          + "numbers; the model's weights are damaged, or its training diverged: train it again")
    }
    return values
  }
}
