import Foundation

extension ReportContent {
  /// What the trained network shows of itself: pictures side by side, in rows, under a heading.
  public struct Portrait: Codable, Sendable, Equatable {
    public var title: String
    public var text: String
    public var rows: [Row]

    public init(title: String, text: String, rows: [Row]) {
      (self.title, self.text, self.rows) = (title, text, rows)
    }

    public struct Row: Codable, Sendable, Equatable {
      public var caption: String
      /// What else is to be said of the row.
      public var note: String?
      public var tiles: [Tile]

      public init(caption: String, note: String? = nil, tiles: [Tile]) {
        (self.caption, self.note, self.tiles) = (caption, note, tiles)
      }
    }

    public struct Tile: Codable, Sendable, Equatable {
      public var label: String
      /// JPEG, PNG or WebP.
      public var image: Data

      public init(label: String, image: Data) {
        (self.label, self.image) = (label, image)
      }
    }
  }
}
