import TestSupport

// What most tests here need of the tests' common support, without an import in each file.
typealias TemporaryFolder = TestSupport.TemporaryFolder
typealias ParsedPage = TestSupport.ParsedPage
