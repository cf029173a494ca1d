import Foundation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// A page read back by an XML parser, which takes nothing that is not well-formed.
public final class ParsedPage: NSObject, XMLParserDelegate {
  public struct Element {
    public var name: String
    public var attributes: [String: String]
    /// All text inside, with runs of white space as one space.
    public var text = ""
  }

  /// Every element, in the order in which they open.
  public private(set) var elements: [Element] = []
  private var open: [Int] = []
  private var problem: (any Error)?

  /// What an XML parser does not take, and where.
  public struct Malformed: Error, CustomStringConvertible {
    public let description: String
  }

  public init(_ html: String) throws {
    super.init()
    let parser = XMLParser(data: Data(html.utf8))
    parser.delegate = self
    guard parser.parse(), problem == nil else {
      throw Malformed(
        description: "line \(parser.lineNumber), column \(parser.columnNumber): \(problem as Any)")
    }
  }

  /// Whether an XML parser takes a page.
  public static func isWellFormed(_ html: String) -> Bool { (try? ParsedPage(html)) != nil }

  /// Elements by name, and by a class if one is given.
  public func all(_ name: String, style: String? = nil) -> [Element] {
    elements.filter { element in
      guard element.name == name else { return false }
      guard let style else { return true }
      return element.attributes["class"]?.split(separator: " ").contains(style[...]) == true
    }
  }

  /// The element with this identifier.
  public func element(_ identifier: String) -> Element? {
    elements.first { $0.attributes["id"] == identifier }
  }

  public func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    open.append(elements.count)
    elements.append(Element(name: name, attributes: attributes))
  }

  public func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    open.removeLast()
  }

  public func parser(_ parser: XMLParser, foundCharacters text: String) {
    for index in open { elements[index].text += text }
  }

  public func parser(_ parser: XMLParser, parseErrorOccurred error: any Error) {
    problem = error
  }
}
