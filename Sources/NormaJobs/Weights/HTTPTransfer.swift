import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// What a server said before the content.
struct HTTPHead: Sendable {
  let status: Int
  /// By their names in lower case.
  let fields: [String: String]

  subscript(_ name: String) -> String? { fields[name] }

  fileprivate init(_ response: HTTPURLResponse) {
    status = response.statusCode
    fields = Dictionary(
      response.allHeaderFields.map { ("\($0.key)".lowercased(), "\($0.value)") },
      uniquingKeysWith: { first, _ in first })
  }
}

/// One request and its answer, for a thread that waits for it piece by piece: whoever waits may look after
/// other things in between, and stop. Redirections are answers like others, not followed.
///
/// By the system's own URL loading, which on Linux is libcurl: it goes through the proxies that `https_proxy`,
/// `http_proxy`, `all_proxy` and `no_proxy` name (on macOS: the system's settings).
final class HTTPTransfer: NSObject, @unchecked Sendable {
  enum Event {
    case head(HTTPHead)
    case body(Data)
    /// The answer is over, or broke off with the error.
    case end((any Error)?)
  }

  private let condition = NSCondition()
  private var events: [Event] = []
  private var hasHead = false
  private var task: URLSessionDataTask?

  /// Sends the request.
  init(_ request: URLRequest) {
    super.init()
    let configuration = URLSessionConfiguration.ephemeral
    configuration.urlCache = nil
    configuration.httpShouldSetCookies = false
    // Whoever waits says how long: the system's own limit must not be the shorter one.
    configuration.timeoutIntervalForRequest = 3600
    let session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
    let task = session.dataTask(with: request)
    self.task = task
    task.resume()
    session.finishTasksAndInvalidate()
  }

  /// What came next; nil where nothing came within so many seconds.
  func next(within seconds: Double) -> Event? {
    let limit = Date(timeIntervalSinceNow: seconds)
    condition.lock()
    defer { condition.unlock() }
    while events.isEmpty {
      guard condition.wait(until: limit) else { break }
    }
    return events.isEmpty ? nil : events.removeFirst()
  }

  /// Nothing more is wanted.
  func cancel() { task?.cancel() }

  private func add(_ event: Event) {
    condition.lock()
    defer { condition.unlock() }
    if case .head = event {
      if hasHead { return }
      hasHead = true
    }
    events.append(event)
    condition.signal()
  }
}

extension HTTPTransfer: URLSessionDataDelegate {
  func urlSession(
    _ session: URLSession, task: URLSessionTask,
    willPerformHTTPRedirection response: HTTPURLResponse,
    newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    // Answered before anybody hears of it: whoever then cancels the task would do so while it waits for this
    // answer, which ends the process.
    completionHandler(nil)
    add(.head(HTTPHead(response)))
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    // As above; what follows comes through the same queue, so that the head is first all the same.
    completionHandler(.allow)
    if let response = response as? HTTPURLResponse { add(.head(HTTPHead(response))) }
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    add(.body(data))
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    add(.end(error))
  }
}
