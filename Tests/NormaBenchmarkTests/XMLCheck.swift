import Foundation

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Whether an XML parser takes a page.
enum XMLCheck {
  static func isWellFormed(_ page: String) -> Bool {
    XMLParser(data: Data(page.utf8)).parse()
  }
}
