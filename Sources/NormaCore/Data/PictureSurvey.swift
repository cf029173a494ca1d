import Foundation

/// What the features of a set of normal pictures say of it before anything is trained on them: which
/// pictures show one scene several times, and which seem to be of another product.
///
/// A burst, a video or a file that was saved twice makes many pictures of one scene. They count once: the
/// network has seen a picture whose copy it was trained on, so that a threshold by it would be too low.
public struct PictureSurvey: Sendable, Equatable {
  /// Of every picture, the number of its scene: the index of the scene's first picture.
  public let scenes: [Int]
  /// Categories whose pictures fall into fewer than ten groups of more than ten, and how many groups: copies of
  /// so many scenes, or variants of a product, which nobody can tell by features. They count as pictures of
  /// their own.
  public let variants: [String: Int]
  /// Pictures that may not belong to their category, the most doubtful first.
  public let strays: [Stray]

  /// A picture that may not belong to its category.
  public struct Stray: Sendable, Equatable {
    /// Its index among the pictures.
    public var picture: Int
    /// The category that it lies nearer to than to its own; nil: it lies far from all.
    public var nearer: String?
    /// How many times as far as its category's middle picture it lies from its own category's mean.
    public var distance: Double

    public init(picture: Int, nearer: String?, distance: Double) {
      (self.picture, self.nearer, self.distance) = (picture, nearer, distance)
    }
  }

  /// - Parameters:
  ///   - pictures: each one's category and mean trunk feature, `[channels]`, all of one length.
  ///   - details: what tells two pictures of a scene from two scenes better than that, of each picture:
  ///     the feature map on a coarse grid less its mean, `[channels, cells]`; nil: nobody knows.
  ///   - progress: called with how many pictures were compared; what it throws ends the survey.
  /// - Throws: ``CalibrationError`` for features of different lengths or not finite.
  public init(
    _ pictures: [(category: String, feature: [Float])], details: PictureDetails? = nil,
    progress: (Int) throws -> Void = { _ in }
  ) throws {
    var builder = CategoryFeatures.Builder()
    for picture in pictures { try builder.add(picture.feature, category: picture.category) }
    let members = Dictionary(grouping: pictures.indices, by: { pictures[$0].category })
    var scenes = Array(pictures.indices)
    var (variants, compared): ([String: Int], Int) = ([:], 0)
    let compare = details ?? PictureDetails(cells: 1) { pictures[$0].feature }
    let likeness = details == nil ? Scenes.likenessOfMeans : Scenes.likenessOfDetails
    for (category, members) in members.sorted(by: { $0.key < $1.key }) {
      let found = try Scenes(of: compare, at: members, likeness: likeness) {
        compared += 1
        try progress(compared)
      }
      for (place, scene) in zip(members, found.first) { scenes[place] = members[scene] }
      variants[category] = found.variants
    }
    self.variants = variants
    self.scenes = scenes
    strays = try builder.build().map { Self.strays(pictures, members, $0) } ?? []
  }

  /// How many scenes the pictures show.
  public var sceneCount: Int { Set(scenes).count }

  /// The first picture of each scene.
  public var firsts: [Int] { scenes.indices.filter { scenes[$0] == $0 } }

  /// Says how many scenes there are, where they are fewer than the pictures.
  public static func summary(pictures: Int, scenes: Int) -> String {
    "\(counted(pictures, "picture")) of \(counted(scenes, "scene")): near copies of one picture, and pictures "
      + "as alike as those, count once."
  }

  /// Says what to do about ``variants``.
  public static func warning(of category: String, groups: Int) -> String {
    "the pictures of \(category) fall into \(counted(groups, "group")) of pictures that are much alike. If "
      + "these are variants of the product, all is well; if each shows one part again and again, thresholds "
      + "will be too low: give a few pictures of each part"
  }

  /// Of so few pictures nobody can say how far they usually lie.
  private static let fewest = 10

  private static func strays(
    _ pictures: [(category: String, feature: [Float])], _ members: [String: [Int]],
    _ features: CategoryFeatures
  ) -> [Stray] {
    members.flatMap { category, members -> [Stray] in
      // Distances are skewed, so their logarithms are fenced. Taken out of its own mean, a picture lies as far as if it were new.
      let count = Double(members.count)
      let stretch = count > 1 ? count / (count - 1) : 1
      let found = members.map { index in
        let all = features.distances(of: pictures[index].feature)
        let own = all.first { $0.category == category }.map { $0.distance * stretch * stretch } ?? 0
        return (index: index, own: own, other: all.first { $0.category != category })
      }
      let usual = found.map(\.own).sorted()
      let middle = max(usual[usual.count / 2], .leastNormalMagnitude)
      let limit = OuterFence.above(usual.map { log(max($0, .leastNormalMagnitude)) }).map(exp)
      return found.compactMap { index, own, other in
        if let other, other.distance < own {
          return Stray(picture: index, nearer: other.category, distance: own / middle)
        }
        guard members.count >= fewest, let limit, own > limit else { return nil }
        return Stray(picture: index, nearer: nil, distance: own / middle)
      }
    }.sorted { ($1.distance, $0.picture) < ($0.distance, $1.picture) }
  }
}
