import Foundation
import NormaFiles

/// How many processors this process may keep busy: in a container fewer than the machine has. As many threads
/// as the machine has processors would be stopped again and again by the quota, and wait for each other.
public struct Processors: Sendable, Equatable {
  /// Those that are switched on.
  public var online: Int
  /// Those that the process may run on (`taskset`, `docker --cpuset-cpus`); nil where nobody says.
  public var allowed: Int?
  /// Processors' worth of time that its control group gets (`docker --cpus`); nil without a quota.
  public var quota: Double?
  /// Where the quota stands.
  public var quotaFile: String?
  /// What somebody asked for (`--threads`, `NORMA_THREADS`).
  public var chosen: Int?

  public init(
    online: Int, allowed: Int? = nil, quota: Double? = nil, quotaFile: String? = nil,
    chosen: Int? = nil
  ) {
    (self.online, self.allowed, self.quota) = (online, allowed, quota)
    (self.quotaFile, self.chosen) = (quotaFile, chosen)
  }

  /// As many threads as are worth while, at least 1.
  public var count: Int { max(1, imposed ?? allowed ?? online) }

  /// How many threads engines are to take where they would count wrongly by themselves: what was asked for,
  /// or what a quota leaves; nil: they see rightly what there is.
  public var imposed: Int? {
    if let chosen { return max(1, chosen) }
    guard let quota else { return nil }
    let whole = Int(min(quota, 1e6).rounded(.up))
    return whole < allowed ?? online ? max(1, whole) : nil
  }

  /// For people: how many are used, and why.
  public var text: String {
    var reasons = ["\(online) switched on"]
    if let allowed, allowed != online { reasons.append("\(allowed) allowed by its affinity") }
    if let quota, let quotaFile {
      reasons.append("\(Figures.number(quota, digits: 3)) by the quota in \(quotaFile)")
    }
    if let chosen { reasons.append("\(chosen) asked for") }
    return "\(counted(count, "thread")) (\(reasons.joined(separator: ", ")))"
  }

  /// This process's, as they are now.
  public static var current: Processors {
    var found = detected
    found.chosen = choice.value ?? environment("NORMA_THREADS")
    return found
  }

  /// What the process uses from now on; nil: what it finds.
  public static func choose(_ count: Int?) { choice.value = count }

  private static let choice = Choice()
  private static let detected = Processors(under: "")

  private static func environment(_ name: String) -> Int? {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) }
      .flatMap { (1...4096).contains($0) ? $0 : nil }
  }

  private final class Choice: @unchecked Sendable {
    private let lock = NSLock()
    private var chosen: Int?
    var value: Int? {
      get { lock.withLock { chosen } }
      set { lock.withLock { chosen = newValue } }
    }
  }
}

extension Processors {
  /// By what the system says of this process in `/proc` and `/sys` below `root`.
  package init(under root: String) {
    self.init(online: ProcessInfo.processInfo.processorCount)
    let status = Self.lines(root + "/proc/self/status")
    if let list = status.first(where: { $0.hasPrefix("Cpus_allowed_list:") }) {
      allowed = Self.count(inList: list.dropFirst("Cpus_allowed_list:".count))
    }
    for line in Self.lines(root + "/proc/self/cgroup") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let controllers = parts[1].split(separator: ",")
      if parts[1].isEmpty {
        take(from: root + "/sys/fs/cgroup", path: parts[2], Self.quotaOfV2)
      } else if controllers.contains("cpu") {
        for mount in [String(parts[1]), "cpu,cpuacct", "cpu"] {
          take(from: root + "/sys/fs/cgroup/" + mount, path: parts[2], Self.quotaOfV1)
        }
      }
    }
  }

  /// The least quota of the group and those above it. In a container the path is often the host's, of which
  /// only the end of it, or nothing, is there.
  private mutating func take(
    from mount: String, path: Substring, _ read: (String) -> (Double, file: String)?
  ) {
    var parts = path.split(separator: "/")
    while true {
      if let (found, file) = read(([mount] + parts.map(String.init)).joined(separator: "/")),
        found < quota ?? .infinity
      {
        (quota, quotaFile) = (found, file)
      }
      guard parts.popLast() != nil else { return }
    }
  }

  /// `cpu.max`: `200000 100000`, microseconds in so many, or `max 100000`.
  private static func quotaOfV2(_ group: String) -> (Double, file: String)? {
    let file = group + "/cpu.max"
    let words = lines(file).first?.split(separator: " ").map { Double($0) } ?? []
    guard words.count == 2, let time = words[0], let period = words[1], time > 0, period > 0 else {
      return nil
    }
    return (time / period, file)
  }

  /// `cpu.cfs_quota_us`, −1 for none, and `cpu.cfs_period_us`.
  private static func quotaOfV1(_ group: String) -> (Double, file: String)? {
    let file = group + "/cpu.cfs_quota_us"
    guard let time = lines(file).first.flatMap({ Double($0) }), time > 0,
      let period = lines(group + "/cpu.cfs_period_us").first.flatMap({ Double($0) }), period > 0
    else { return nil }
    return (time / period, file)
  }

  /// How many numbers `0-3,8` are; nil for what is no such list.
  package static func count(inList list: some StringProtocol) -> Int? {
    var count = 0
    for part in list.trimmingCharacters(in: .whitespaces).split(separator: ",") {
      let ends = part.split(separator: "-").map { Int($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first >= 0,
        last >= first, last < 1 << 20
      else { return nil }
      count += last - first + 1
    }
    return count > 0 ? count : nil
  }

  /// Files of the system, which have no size before they are read.
  private static func lines(_ path: String) -> [String] {
    guard let bytes = try? PosixFile(reading: path).head(1 << 16) else { return [] }
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
