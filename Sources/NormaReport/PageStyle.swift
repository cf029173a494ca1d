/// The page's style sheet.
enum ReportStyle {
  // The page is XML as well: no ampersand and no less-than sign may stand in here.
  static let source = "\n" + [colours, text, tables, charts, pictures, enlarged, media].joined()

  private static let colours = """
    :root {
      color-scheme: light dark;
      --paper: #fcfcfa; --raised: #f3f3ef; --ink: #1b1d20; --soft: #5a5e65; --rule: #dfdfd9;
      --normal: #2d7597; --anomalous: #c2502b; --accent: #1f6384;
      --warning: #8a4b00; --warning-paper: #fdf3df;
    }
    @media (prefers-color-scheme: dark) {
      :root {
        --paper: #131416; --raised: #1c1e21; --ink: #e9e8e4; --soft: #a2a5ab; --rule: #2f3236;
        --normal: #69b1d3; --anomalous: #f08a60; --accent: #86c3e0;
        --warning: #f2c078; --warning-paper: #2a2214;
      }
    }

    """

  private static let text = """
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-padding-top: 1.5rem; }
    body {
      margin: 0 auto; padding: 2.5rem 2rem 3rem; max-width: 68rem;
      background: var(--paper); color: var(--ink);
      font: 400 1rem/1.55 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto,
        "Helvetica Neue", "Noto Sans", "DejaVu Sans", sans-serif;
      font-variant-numeric: tabular-nums;
    }
    h1, h2, h3, h4 { font-weight: 600; line-height: 1.2; text-wrap: balance; }
    h1 { margin: 1.4rem 0 .35rem; font-size: 2.3rem; letter-spacing: -.022em; }
    h2 { margin: 0 0 .6rem; font-size: 1.35rem; letter-spacing: -.012em; }
    h3 { margin: 2.2rem 0 .6rem; font-size: 1.05rem; }
    h4 { margin: 1.8rem 0 .2rem; font-size: .95rem; }
    p { margin: 0 0 .8rem; }
    a { color: var(--accent); text-underline-offset: .18em; text-decoration-thickness: 1px; }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
    code, pre, .file {
      font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
      font-size: .86em;
    }
    main > section { margin-top: 3.2rem; padding-top: 1.5rem; border-top: 1px solid var(--rule); }
    .prose, .note, .callout { max-width: 44rem; }
    .note, .lede, footer { color: var(--soft); }
    .note { font-size: .9rem; }
    .note.below { margin-top: .8rem; }
    h1, h3, .file, .facts dd { overflow-wrap: anywhere; }
    p code { white-space: nowrap; }
    .unseen {
      position: absolute; width: 1px; height: 1px; margin: -1px; padding: 0; overflow: hidden;
      clip-path: inset(50%); white-space: nowrap; border: 0;
    }
    .wordmark { display: flex; align-items: center; gap: .5rem; margin: 0; font-weight: 600; }
    .wordmark .kind { margin-left: auto; font-size: .85rem; font-weight: 400; color: var(--soft); }
    .mark { fill: none; stroke: var(--ink); stroke-width: 1.3; stroke-linejoin: round; }
    .lede { margin: 0; font-size: 1.05rem; }
    nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 1.2rem 0 0; padding: 0; }
    nav li { list-style: none; font-size: .92rem; }
    nav a { text-decoration: none; }
    nav a:hover { text-decoration: underline; }
    main > #summary { margin-top: 1.5rem; }
    .headline {
      max-width: 56rem; margin: 0 0 1.6rem; font-size: 1.45rem; line-height: 1.35;
      letter-spacing: -.012em; text-wrap: pretty;
    }
    .figures { display: flex; flex-wrap: wrap; gap: 1rem 3.2rem; margin: 0; }
    .figures div { display: flex; flex-direction: column-reverse; }
    .figures dt { font-size: .85rem; color: var(--soft); }
    .figures dd { margin: 0; font-size: 1.9rem; line-height: 1.2; letter-spacing: -.02em; }
    .status {
      margin-left: .8rem; padding: .12rem .55rem; border: 1px solid var(--rule);
      border-radius: 1rem; font-size: .78rem; font-weight: 400; letter-spacing: 0;
      color: var(--soft); vertical-align: .12em;
    }
    .status.warning { border-color: currentColor; color: var(--warning); }
    .callout {
      padding: .8rem 1rem; border-left: 3px solid var(--warning); background: var(--warning-paper);
    }
    .facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); }
    .facts { gap: .9rem 2rem; margin: 0 0 1.6rem; }
    .facts dt { font-size: .85rem; color: var(--soft); }
    .facts dd { margin: 0; }
    summary { cursor: pointer; }
    pre {
      margin: .8rem 0 0; padding: 1rem 1.2rem; overflow-x: auto; background: var(--raised);
      border-radius: 4px; line-height: 1.5;
    }
    footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--rule); }
    footer { font-size: .85rem; }

    """

  private static let tables = """
    .scroller { overflow-x: auto; margin: .8rem 0 0; }
    table { border-collapse: collapse; width: 100%; font-size: .95rem; }
    th, td { padding: .42rem .5rem; text-align: right; vertical-align: baseline; }
    tr > :first-child { padding-left: 0; text-align: left; }
    thead tr:nth-child(2) > :first-child { padding-left: .5rem; text-align: right; }
    tr > :last-child { padding-right: 0; }
    thead th { font-size: .82rem; font-weight: 400; color: var(--soft); line-height: 1.3; }
    thead th { vertical-align: bottom; hyphens: manual; }
    td { white-space: nowrap; }
    thead th.group { text-align: center; color: var(--ink); padding-bottom: .1rem; }
    th.group, .first { padding-left: 1.6rem !important; }
    tbody tr, tfoot tr:first-child { border-top: 1px solid var(--rule); }
    tbody tr:first-child { border-top-color: var(--soft); }
    tfoot tr:first-child { border-top-color: var(--soft); }
    tbody th { font-weight: 400; }
    tbody th a { color: inherit; text-decoration-color: var(--rule); }
    tfoot th, tfoot td { font-weight: 600; }
    .quiet { color: var(--soft); font-weight: 400; }
    .error { font-weight: 600; color: var(--anomalous); }
    table.thresholds { max-width: 44rem; }
    .thresholds tfoot tr + tr > * { font-weight: 400; border-top: 1px solid var(--rule); }

    """

  private static let charts = """
    figure { margin: 0; }
    .charts { display: grid; grid-template-columns: minmax(0, 1fr) 17rem; gap: 1rem 2.5rem; }
    .charts { margin-top: 1.2rem; align-items: end; }
    .chart { padding: .6rem .8rem 2.6rem 3rem; }
    .chart > svg { display: block; overflow: visible; }
    .chart.loss { height: 19rem; }
    .chart.histogram { height: 18.5rem; }
    .chart.roc { height: 17.5rem; padding-left: 2.2rem; padding-right: .8rem; }
    .reliabilities { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 20rem)); }
    .reliabilities { gap: 1.4rem 3rem; margin-top: 1.2rem; }
    .chart text { font-size: .75rem; fill: var(--soft); }
    .grid { stroke: var(--rule); stroke-width: 1; shape-rendering: crispEdges; }
    .curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
    .curve { vector-effect: non-scaling-stroke; }
    .curve.chance { stroke: var(--soft); stroke-opacity: .6; stroke-dasharray: 3 3; stroke-width: 1; }
    .curve.roc-line { stroke: var(--ink); stroke-width: 1.5; }
    .curve.training { stroke: var(--normal); }
    .curve.held-out { stroke: var(--anomalous); }
    .dot.training { fill: var(--normal); }
    .dot.held-out { fill: var(--anomalous); }
    .dot.shared { fill: var(--ink); stroke: var(--paper); stroke-width: 1.5; }
    .dot.own { fill: var(--paper); stroke: var(--ink); stroke-width: 1.5; r: 5px; }
    .hint { fill: transparent; }
    rect.hint:hover { fill: var(--ink); fill-opacity: .07; }
    .upright { stroke: var(--ink); stroke-width: 1.2; }
    .upright.own, .upright.kept { stroke-dasharray: 2 3; }
    rect.bar { stroke: var(--paper); stroke-width: 1; fill-opacity: .42; }
    rect.bar.normal { fill: var(--normal); }
    rect.bar.anomalous { fill: var(--anomalous); }
    rect.bar.wrong { fill-opacity: 1; }
    rect.bar:hover { fill-opacity: .75; }
    .legend { display: flex; flex-wrap: wrap; gap: .1rem 1.2rem; margin: 0; padding: 0; }
    .legend, .legend li { list-style: none; font-size: .82rem; color: var(--soft); }
    .key { display: inline-block; width: .75rem; height: .75rem; margin-right: .4rem; }
    .key.bar { border-radius: 1px; vertical-align: -.06em; }
    .key.normal { background: color-mix(in srgb, var(--normal) 45%, var(--paper)); }
    .key.anomalous, .key.caught {
      background: color-mix(in srgb, var(--anomalous) 45%, var(--paper));
    }
    .key.missed { background: var(--anomalous); }
    .key.flagged { background: var(--normal); }
    .key.stroke { width: 1.2rem; height: 0; border-top: 2px solid; vertical-align: .25em; }
    .key.training { border-color: var(--normal); }
    .key.held-out { border-color: var(--anomalous); }
    .key.shared { border-color: var(--ink); }
    .key.own, .key.kept { border-color: var(--ink); border-top-style: dotted; }
    .scales { position: relative; }
    .scales > label {
      display: inline-block; margin: 0 1rem .7rem 0; font-size: .85rem; color: var(--soft);
      cursor: pointer; border-bottom: 2px solid transparent;
    }
    .scales > input:checked + label { color: var(--ink); border-color: var(--ink); }
    .scales > input:focus-visible + label { outline: 2px solid var(--accent); outline-offset: 2px; }
    #loss-logarithmic:checked ~ .on-linear, #loss-linear:checked ~ .on-logarithmic {
      display: none;
    }

    """

  private static let pictures = """
    .category { padding-bottom: 1rem; }
    .category > h3 { font-size: 1.2rem; padding-top: 1.4rem; }
    .category + .category > h3 { border-top: 1px solid var(--rule); }
    .tally { margin-left: .6rem; font-weight: 400; color: var(--soft); }
    .columns { margin: 0; font-size: .82rem; color: var(--soft); }
    .strips {
      display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 28rem), 1fr));
      gap: 1.1rem 1.8rem; margin: .7rem 0 0; padding: 0;
    }
    .strips > li { list-style: none; min-width: 0; }
    .strips > .wide { grid-column: 1 / -1; }
    .open {
      display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 3px;
      align-items: center; color: inherit; text-decoration: none; cursor: zoom-in;
    }
    .side-by-side { display: flex; gap: 3px; align-items: center; }
    .side-by-side .tile { flex: 1 1 0; max-width: 12rem; min-width: 0; }
    .portrait img { image-rendering: pixelated; }
    .four .open { grid-template-columns: repeat(4, minmax(0, 1fr)); }
    .tile { position: relative; display: block; }
    .tile img {
      display: block; width: 100%; height: auto; max-height: 18rem; object-fit: contain;
      background: var(--raised);
    }
    .tile.empty { align-self: stretch; display: grid; place-items: center; }
    .tile.empty { background: var(--raised); min-height: 4rem; }
    .nothing { font-size: .78rem; color: var(--soft); }
    .label, .controls { display: none; }
    figcaption {
      display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem;
      margin-top: .3rem; font-size: .82rem; color: var(--soft); line-height: 1.4;
    }
    .file { color: var(--ink); }
    .p { margin-left: .7rem; }

    """

  private static let enlarged = """
    html:has(.strip:target) { overflow: hidden; }
    .strip:target {
      position: fixed; inset: 0; z-index: 1; overflow: auto; overscroll-behavior: contain;
      display: grid; grid-template-rows: auto 1fr; gap: 1rem; padding: 1.2rem 2rem 2rem;
      background: var(--paper);
    }
    .strip:target:focus { outline: none; }
    .strip:target .open { order: 2; gap: 1rem; align-content: center; cursor: default; }
    .strip:target .tile img { max-height: 76vh; }
    .strip:target .label { display: block; margin-top: .3rem; font-size: .85rem; }
    .strip:target .label { color: var(--soft); }
    .strip:target figcaption { order: 1; justify-content: flex-start; margin: 0; }
    .strip:target figcaption { font-size: .95rem; padding-right: 18rem; gap: 0 1.5rem; }
    .strip:target .controls {
      display: flex; gap: 1.2rem; position: fixed; top: 1.2rem; right: 2rem; font-size: .95rem;
    }
    .strip:target .controls a { text-decoration: none; }

    """

  private static let media = """
    @media (max-width: 60rem) {
      .strip:target .open, .four .strip:target .open { grid-template-columns: repeat(2, 1fr); }
      .strip:target .open { align-content: start; }
    }
    @media (max-width: 46rem) {
      body { padding: 1.4rem 1rem 2rem; }
      h1 { font-size: 1.75rem; }
      .headline { font-size: 1.2rem; }
      .figures { display: grid; grid-template-columns: 1fr 1fr; gap: .9rem 1.5rem; }
      .figures dd { font-size: 1.5rem; }
      main > section { margin-top: 2.2rem; }
      table { font-size: .82rem; }
      thead th { font-size: .72rem; }
      th, td { padding-left: .25rem; padding-right: .25rem; }
      th.group, .first { padding-left: .7rem !important; }
      .charts { grid-template-columns: minmax(0, 1fr); }
      .chart { padding-left: 2.6rem; padding-right: .4rem; }
      .chart.histogram, .chart.loss { height: 15rem; }
      .chart.roc { height: 16rem; max-width: 17rem; padding-right: .8rem; }
      .facts { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .8rem 1.2rem; }
      .strip:target { padding: 1rem; grid-template-rows: auto auto 1fr; }
      .strip:target .controls { position: static; order: 0; }
      .strip:target figcaption { padding-right: 0; }
      .strip:target .controls .close { margin-left: auto; }
    }
    @media (max-width: 30rem) {
      .strip:target .open, .four .strip:target .open { grid-template-columns: minmax(0, 1fr); }
    }
    @media print {
      @page { margin: 15mm; }
      :root {
        color-scheme: light; --paper: #fff; --raised: #f3f3ef; --ink: #000; --soft: #555;
        --rule: #ccc; --normal: #2d7597; --anomalous: #c2502b; --accent: #000;
      }
      * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
      body { max-width: none; padding: 0; font-size: 10pt; }
      nav, .scales > label { display: none; }
      main > section { margin-top: 1.6rem; }
      h2, h3, h4, .columns, .category > .prose { break-after: avoid; }
      tfoot { display: table-row-group; }
      p, li, table, tr, figure, .charts, .facts > div { break-inside: avoid; }
      .strips { grid-template-columns: repeat(2, minmax(0, 1fr)); }
      details::details-content { content-visibility: visible; block-size: auto; }
      a { color: inherit; text-decoration: none; }
      pre { white-space: pre-wrap; }
    }

    """
}
