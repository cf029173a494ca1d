import NormaCore

extension ReportContent.Model {
  /// What a manifest says of a model, and what only its training knows.
  /// - Parameters:
  ///   - trainingPictures: nil takes the manifest's.
  ///   - heldOutPictures: normal pictures held out of training.
  ///   - trainingSeconds: wall-clock time of training; nil where nobody measured it.
  public init(
    _ manifest: Manifest, trainingPictures: Int? = nil, heldOutPictures: Int = 0,
    trainingSeconds: Double? = nil
  ) {
    self.init(
      method: manifest.title, backbone: manifest.backbone.name,
      precision: manifest.modelPrecision?.title ?? manifest.precision,
      imageSize: manifest.imageSize, categories: manifest.categories,
      trainingPictures: trainingPictures ?? manifest.data.pictures,
      heldOutPictures: heldOutPictures, trainingSeconds: trainingSeconds,
      toolVersion: manifest.toolVersion, recipe: manifest.recipe.yaml)
  }
}
