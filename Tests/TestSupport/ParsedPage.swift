import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// A page read back by an XML parser, which takes nothing that is not well-formed.
final class ParsedPage: NSObject, XMLParserDelegate {
  struct Element {
    var name: String
    var attributes: [String: String]
    /// All text inside, with runs of white space as one space.
    var text = ""
  }

  /// Every element, in the order in which they open.
  private(set) var elements: [Element] = []
  private var open: [Int] = []
  private var problem: (any Error)?

  init(_ html: String) throws {
    super.init()
    let parser = XMLParser(data: Data(html.utf8))
    parser.delegate = self
    let isWellFormed = parser.parse()
    try #require(
      isWellFormed, "line \(parser.lineNumber), column \(parser.columnNumber): \(problem as Any)")
  }

  /// Elements by name, and by a class if one is given.
  func all(_ name: String, style: String? = nil) -> [Element] {
    elements.filter { element in
      guard element.name == name else { return false }
      guard let style else { return true }
      return element.attributes["class"]?.split(separator: " ").contains(style[...]) == true
    }
  }

  /// The element with this identifier.
  func element(_ identifier: String) -> Element? {
    elements.first { $0.attributes["id"] == identifier }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    open.append(elements.count)
    elements.append(Element(name: name, attributes: attributes))
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    open.removeLast()
  }

  func parser(_ parser: XMLParser, foundCharacters text: String) {
    for index in open { elements[index].text += text }
  }

  func parser(_ parser: XMLParser, parseErrorOccurred error: any Error) {
    problem = error
  }
}
