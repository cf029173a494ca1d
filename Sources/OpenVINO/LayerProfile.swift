internal import COpenVINO

/// One layer of a compiled model as it ran: OpenVINO merges layers, so a name may stand for
/// several.
public struct LayerProfile: Sendable, Hashable {
  public let name: String
  /// OpenVINO's name for the operation, such as `Convolution`, `FullyConnected` or `Subgraph`.
  public let type: String
  /// The kernel and its precision, such as `brgemm_avx512_bf16`.
  public let kernel: String
  /// False for layers that were merged into another or had nothing to do.
  public let wasExecuted: Bool
  public let microseconds: Int

  init(_ info: ov_profiling_info_t) {
    name = info.node_name.map { String(cString: $0) } ?? ""
    type = info.node_type.map { String(cString: $0) } ?? ""
    kernel = info.exec_type.map { String(cString: $0) } ?? ""
    wasExecuted = info.status == EXECUTED
    microseconds = Int(info.real_time)
  }
}
