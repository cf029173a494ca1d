import Testing

extension Workshop {
  /// What LibTorch trained is what OpenVINO computes of `line.norma`.
  func expectEnginesAgree(_ location: SourceLocation = #_sourceLocation) async throws {
    let compared = try await norma(
      "doctor", "--model", "line.norma", "--pictures", "products/striped/test", "--json")
    #expect(compared.status == 0, "\(compared)", sourceLocation: location)
    let rows = try #require(try compared.doctor.agreement, sourceLocation: location).rows
    let exact = try #require(
      rows.first { $0.engine == "OpenVINO f32" }, sourceLocation: location)
    #expect(exact.score < 1e-3 && exact.map < 1e-3, "\(exact)", sourceLocation: location)
  }
}
