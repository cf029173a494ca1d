import NormaCore
import NormaFiles
import TestSupport
import Testing

@Suite("How many processors there are")
struct ProcessorsTests {
  private func found(
    cgroup: String = "", allowed: String = "0-7", files: [String: String] = [:]
  ) throws -> Processors {
    let tree = try TemporaryFolder()
    try tree.file("proc/self/status", text: "Name:\tnorma\nCpus_allowed_list:\t\(allowed)\n")
    try tree.file("proc/self/cgroup", text: cgroup)
    for (name, text) in files { try tree.file("sys/fs/cgroup/" + name, text: text) }
    var found = Processors(under: tree.path)
    found.online = 8
    return found
  }

  @Test func withoutAQuotaEnginesCountForThemselves() throws {
    let found = try found(cgroup: "0::/user.slice\n", files: ["user.slice/cpu.max": "max 100000\n"])
    #expect(found.count == 8 && found.imposed == nil && found.quota == nil)
  }

  @Test func aQuotaOfCgroup2Counts() throws {
    let found = try found(
      cgroup: "0::/a/b\n", files: ["a/cpu.max": "150000 100000\n", "a/b/cpu.max": "max 100000\n"])
    #expect(found.quota == 1.5 && found.imposed == 2 && found.count == 2)
    #expect(found.text.contains("2 threads (8 switched on, 1.5 by the quota in "), "\(found.text)")
    #expect(found.text.hasSuffix("/sys/fs/cgroup/a/cpu.max)"))
  }

  /// In a container the path is the host's, and only the group itself is to be seen.
  @Test func inAContainerTheGroupIsTheRoot() throws {
    let found = try found(
      cgroup: "0::/docker/1f2e\n", files: ["cpu.max": "50000 100000\n"])
    #expect(found.quota == 0.5 && found.count == 1)
  }

  @Test func aQuotaOfCgroup1Counts() throws {
    let files = ["cpu.cfs_quota_us": "300000\n", "cpu.cfs_period_us": "100000\n"]
    let found = try found(
      cgroup: "3:memory:/x\n4:cpu,cpuacct:/docker/1f2e\n",
      files: Dictionary(uniqueKeysWithValues: files.map { ("cpu,cpuacct/" + $0, $1) }))
    #expect(found.quota == 3 && found.count == 3)
    let none = try self.found(
      cgroup: "4:cpu:/\n",
      files: ["cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"])
    #expect(none.quota == nil && none.imposed == nil)
  }

  @Test func affinityAndWhatWasAskedForCount() throws {
    var found = try found(allowed: "0-1,6")
    #expect(found.allowed == 3 && found.count == 3 && found.imposed == nil)
    found.quota = 4
    #expect(found.imposed == nil, "the quota is more than it may use anyway")
    found.chosen = 5
    #expect(found.imposed == 5 && found.count == 5)
    #expect(found.text.contains("3 allowed by its affinity") && found.text.contains("5 asked for"))
  }

  @Test(arguments: [("0", 1), ("0-3", 4), ("0-1,4,6-7", 5), ("", nil), ("x", nil), ("3-1", nil)])
  func listsOfProcessorsAreCounted(list: String, count: Int?) {
    #expect(Processors.count(inList: list) == count)
  }
}
