import Foundation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Whether an XML parser takes a page.
final class XMLCheck: NSObject, XMLParserDelegate {
  private var hasProblem = false

  static func isWellFormed(_ page: String) -> Bool {
    let check = XMLCheck()
    let parser = XMLParser(data: Data(page.utf8))
    parser.delegate = check
    return parser.parse() && !check.hasProblem
  }

  func parser(_ parser: XMLParser, parseErrorOccurred error: any Error) { hasProblem = true }
}
