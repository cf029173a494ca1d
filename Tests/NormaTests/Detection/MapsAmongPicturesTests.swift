import Norma
import NormaFiles
import TestSupport
import Testing

@Suite("Maps among pictures")
struct MapsAmongPicturesTests {
  /// Maps of an earlier inspection lie where somebody wanted them, perhaps among the pictures.
  @Test func mapsAreNotInspectedUnlessNamed() throws {
    let tree = try TemporaryFolder()
    try tree.picture("new/a.png")
    try tree.picture("new/odd-name.heatmap.png")
    let map = try tree.picture("new/maps/new/a.png-0123456789ab.heatmap.png")
    try tree.picture("new/maps/new/a.png-0123456789ab.uncertainty.png")
    let list = PictureList([tree["new"]])
    #expect(list.entries.map(\.relative) == ["a.png", "odd-name.heatmap.png"])
    #expect(list.maps == 2)
    #expect(PictureList([map]).entries.map(\.path) == [map])
  }
}
