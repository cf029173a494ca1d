/// What the page of a measurement has beyond the style sheet of all pages.
enum ToleranceStyle {
  /// How many models can be told apart by their lines.
  static let lines = 6

  /// The style class of a model's line.
  static func line(_ model: Int) -> String { "line-\(model % lines)" }

  // The page is XML as well: no ampersand and no less-than sign may stand in here. The colours are Okabe
  // and Ito's, which colour-blind eyes tell apart, darkened on paper and lightened on black.
  static let source =
    """
    :root {
      --line-0: #0072b2; --line-1: #c2502b; --line-2: #00805e; --line-3: #9c4f86; --line-4: #8a6d00;
      --line-5: #444a50;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --line-0: #56b4e9; --line-1: #f08a60; --line-2: #3fc79f; --line-3: #e0a1cb;
        --line-4: #f0d04a; --line-5: #c3c7cc;
      }
    }
    .chart.steps { height: 16rem; }
    .pair { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem 2.5rem; }
    .pair { margin-top: .9rem; }
    .samples { margin: 1.2rem 0; }
    .samples .label { display: block; margin-top: .25rem; font-size: .78rem; }
    .samples .label { color: var(--soft); text-align: center; }
    .at { color: var(--soft); }
    tbody th { min-width: 5rem; }
    @media (max-width: 46rem) {
      .pair { grid-template-columns: minmax(0, 1fr); }
      .samples .side-by-side { flex-wrap: wrap; }
      .samples .side-by-side .tile { flex: 1 1 5rem; }
    }

    """
    + (0..<lines).map { number in
      """
      .curve.line-\(number) { stroke: var(--line-\(number)); }
      .dot.line-\(number) { fill: var(--line-\(number)); }
      .key.line-\(number) { border-color: var(--line-\(number)); }

      """
    }.joined()
}
