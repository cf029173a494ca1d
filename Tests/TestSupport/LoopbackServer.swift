import Foundation

/// A server on this machine's own address, which answers as a test says; one thread a connection.
public final class LoopbackServer: @unchecked Sendable {
  public struct Request: Sendable {
    /// As it stood in the request: a path, or for a proxy a whole address.
    public var target: String
    /// By their names in lower case.
    public var fields: [String: String]
  }

  public struct Answer: Sendable {
    public var status = 200
    public var fields: [String: String] = [:]
    public var body = Data()
    /// The connection ends after so many bytes of the body; nil: after all.
    public var cut: Int?
    /// After the body the connection stays as it is until the server goes.
    public var stays = false

    public init(_ status: Int = 200, _ fields: [String: String] = [:], body: Data = Data()) {
      (self.status, self.fields, self.body) = (status, fields, body)
    }

    /// A file as servers give it: whole, or from where the request says if it names this very file's tag.
    public static func file(_ data: Data, tag: String, to request: Request) -> Answer {
      var answer = Answer(200, ["ETag": tag], body: data)
      guard let range = request.fields["range"], request.fields["if-range"] == tag,
        let start = Int(range.dropFirst("bytes=".count).prefix { $0 != "-" })
      else { return answer }
      answer.status = start < data.count ? 206 : 416
      answer.body = data.dropFirst(start)
      answer.fields["Content-Range"] = "bytes \(start)-\(data.count - 1)/\(data.count)"
      return answer
    }
  }

  private let listener: Int32
  private let port: UInt16
  private let answer: @Sendable (Request, Int) -> Answer
  private let condition = NSCondition()
  private var seen: [Request] = []
  private var isOver = false

  /// - Parameter answer: to a request, of which so many came before.
  public init(_ answer: @escaping @Sendable (_ request: Request, _ before: Int) -> Answer) throws {
    #if os(Linux)
      let kind = Int32(SOCK_STREAM.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    listener = socket(AF_INET, kind, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let listener = listener
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 16) == 0
          && getsockname(listener, $0, &length) == 0
      }
    }
    guard isListening else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    port = UInt16(bigEndian: address.sin_port)
    self.answer = answer
    Thread.detachNewThread { [weak self] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0, let self else { break }
        Thread.detachNewThread { self.serve(connection) }
      }
      close(listener)
    }
  }

  deinit { stop() }

  /// Every connection ends, and no new one begins.
  public func stop() {
    condition.lock()
    defer { condition.unlock() }
    guard !isOver else { return }
    isOver = true
    condition.broadcast()
    shutdown(listener, Int32(SHUT_RDWR))
  }

  public func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

  /// What was asked so far, in order.
  public var requests: [Request] {
    condition.lock()
    defer { condition.unlock() }
    return seen
  }

  private func serve(_ connection: Int32) {
    defer { close(connection) }
    guard let request = Self.request(from: connection) else { return }
    condition.lock()
    let before = seen.count
    seen.append(request)
    condition.unlock()
    let answer = answer(request, before)
    var head = "HTTP/1.1 \(answer.status) -\r\nConnection: close\r\n"
    head += "Content-Length: \(answer.body.count)\r\n"
    for (name, value) in answer.fields { head += "\(name): \(value)\r\n" }
    let sent = answer.cut.map { answer.body.prefix($0) } ?? answer.body
    guard Self.send(Data((head + "\r\n").utf8), to: connection), Self.send(sent, to: connection)
    else { return }
    condition.lock()
    while answer.stays, !isOver { condition.wait() }
    condition.unlock()
    shutdown(connection, Int32(SHUT_WR))
  }

  private static func request(from connection: Int32) -> Request? {
    var text = ""
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !text.contains("\r\n\r\n") {
      let count = read(connection, &buffer, buffer.count)
      guard count > 0 else { return nil }
      text += String(decoding: buffer[..<count], as: UTF8.self)
    }
    let lines = text.components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ")
    guard words.count == 3 else { return nil }
    var fields: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      fields[line[..<colon].lowercased()] = line[line.index(after: colon)...]
        .trimmingCharacters(in: .whitespaces)
    }
    return Request(target: String(words[1]), fields: fields)
  }

  /// False where the other side went away.
  private static func send(_ data: Data, to connection: Int32) -> Bool {
    #if os(Linux)
      let flags = Int32(MSG_NOSIGNAL)
    #else
      let flags: Int32 = 0
    #endif
    return [UInt8](data).withUnsafeBytes { bytes in
      var done = 0
      while done < bytes.count {
        let count = Foundation.send(
          connection, bytes.baseAddress?.advanced(by: done), bytes.count - done, flags)
        guard count > 0 else { return false }
        done += count
      }
      return true
    }
  }
}
