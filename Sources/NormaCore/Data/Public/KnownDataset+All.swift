/// Sources of the counts: the papers of RAS (section 4.1) and RLR (section 4.1) for MVTec AD, VisA, BTAD
/// and MPDD, the data sets' own pages for the rest; MVTec AD's and VisA's per category add up to them.
extension KnownDataset {
  public static let all: [KnownDataset] = [
    mvtecAD, mvtec3D, mvtecLOCO, visa, btad, mpdd, kolektor, kolektor2, dagm, realIAD, oct,
  ]

  private static let nonCommercial = "CC BY-NC-SA 4.0 (not for commercial use)"

  private static func counts(
    _ table: KeyValuePairs<String, (train: Int, normal: Int, defective: Int)>
  ) -> [String: Counts] {
    Dictionary(
      uniqueKeysWithValues: table.map {
        (
          $0.key,
          Counts(
            train: $0.value.train, testNormal: $0.value.normal, testDefective: $0.value.defective)
        )
      })
  }

  static let mvtecAD = KnownDataset(
    key: "mvtec-ad", name: "MVTec AD",
    source: "https://www.mvtec.com/company/research/datasets/mvtec-ad", licence: nonCommercial,
    layouts: [MVTecLayout.name],
    categories: counts([
      "bottle": (209, 20, 63), "cable": (224, 58, 92), "capsule": (219, 23, 109),
      "carpet": (280, 28, 89), "grid": (264, 21, 57), "hazelnut": (391, 40, 70),
      "leather": (245, 32, 92), "metal_nut": (220, 22, 93), "pill": (267, 26, 141),
      "screw": (320, 41, 119), "tile": (230, 33, 84), "toothbrush": (60, 12, 30),
      "transistor": (213, 60, 40), "wood": (247, 19, 60), "zipper": (240, 32, 119),
    ]),
    total: Counts(train: 3629, testNormal: 467, testDefective: 1258))

  static let mvtec3D = KnownDataset(
    key: "mvtec-3d-ad", name: "MVTec 3D-AD (its colour pictures)",
    source: "https://www.mvtec.com/company/research/datasets/mvtec-3d-ad", licence: nonCommercial,
    layouts: [MVTec3DLayout.name],
    categories: Dictionary(
      uniqueKeysWithValues: [
        "bagel", "cable_gland", "carrot", "cookie", "dowel", "foam", "peach", "potato", "rope",
        "tire",
      ].map {
        ($0, $0 == "tire" ? Counts(train: 210, testNormal: 25, testDefective: 87) : Counts())
      }))

  static let mvtecLOCO = KnownDataset(
    key: "mvtec-loco-ad", name: "MVTec LOCO AD",
    source: "https://www.mvtec.com/company/research/datasets/mvtec-loco", licence: nonCommercial,
    layouts: [MVTecLayout.loco],
    categories: Dictionary(
      uniqueKeysWithValues: [
        "breakfast_box", "juice_bottle", "pushpins", "screw_bag", "splicing_connectors",
      ].map { ($0, $0 == "juice_bottle" ? Counts(train: 335) : Counts()) }),
    total: Counts(train: 1772))

  static let visa = KnownDataset(
    key: "visa", name: "VisA (split 1cls)",
    source: "https://github.com/amazon-science/spot-diff", licence: "CC BY 4.0",
    layouts: [VisALayout.name, MVTecLayout.plainMasks],
    categories: Dictionary(
      uniqueKeysWithValues: [
        "candle", "capsules", "cashew", "chewinggum", "fryum", "macaroni1", "macaroni2", "pcb1",
        "pcb2", "pcb3", "pcb4", "pipe_fryum",
      ].map { ($0, Counts(testDefective: 100)) }),
    total: Counts(train: 8659, testNormal: 962, testDefective: 1200))

  static let btad = KnownDataset(
    key: "btad", name: "BTAD (beanTech)",
    source: "https://github.com/pankajmishra000/VT-ADL", licence: "CC BY-SA 4.0",
    layouts: ["BTAD"],
    categories: ["01": Counts(), "02": Counts(), "03": Counts()],
    total: Counts(train: 1799, testNormal: 451, testDefective: 290))

  static let mpdd = KnownDataset(
    key: "mpdd", name: "MPDD (metal parts)", source: "https://github.com/stepanje/MPDD",
    licence: nonCommercial + ", as commonly cited", layouts: [MVTecLayout.name],
    categories: [
      "bracket_black": Counts(), "bracket_brown": Counts(), "bracket_white": Counts(),
      "connector": Counts(), "metal_plate": Counts(train: 54, testNormal: 26, testDefective: 71),
      "tubes": Counts(),
    ],
    total: Counts(train: 888, testNormal: 176, testDefective: 282))

  static let kolektor = KnownDataset(
    key: "kolektor-sdd", name: "KolektorSDD",
    source: "https://www.vicos.si/resources/kolektorsdd/", licence: nonCommercial,
    layouts: [KolektorLayout.first])

  static let kolektor2 = KnownDataset(
    key: "kolektor-sdd2", name: "KolektorSDD2",
    source: "https://www.vicos.si/resources/kolektorsdd2/", licence: nonCommercial,
    layouts: [KolektorLayout.second],
    total: Counts(train: 2085, testNormal: 894, testDefective: 110))

  static let dagm = KnownDataset(
    key: "dagm-2007", name: "DAGM 2007",
    source:
      "https://hci.iwr.uni-heidelberg.de/content/weakly-supervised-learning-industrial-optical-inspection",
    licence: "unknown; ask its authors", layouts: [DAGMLayout.name],
    categories: Dictionary(uniqueKeysWithValues: (1...10).map { ("Class\($0)", Counts()) }),
    total: Counts(test: 8050))

  static let realIAD = KnownDataset(
    key: "real-iad", name: "Real-IAD", source: "https://realiad4ad.github.io/Real-IAD/",
    licence: nonCommercial, layouts: [RealIADLayout.name],
    categories: Dictionary(
      uniqueKeysWithValues: [
        "audiojack", "bottle_cap", "button_battery", "end_cap", "eraser", "fire_hood", "mint",
        "mounts", "pcb", "phone_battery", "plastic_nut", "plastic_plug", "porcelain_doll",
        "regulator", "rolled_strip_base", "sim_card_set", "switch", "tape", "terminalblock",
        "toothbrush", "toy", "toy_brick", "transistor1", "u_block", "usb", "usb_adaptor", "vcpill",
        "wooden_beads", "woodstick", "zipper",
      ].map { ($0, Counts()) }))

  static let oct = KnownDataset(
    key: "oct-2017", name: "OCT-2017 (retina)",
    source: "https://data.mendeley.com/datasets/rscbjbr9sj",
    licence: "CC BY 4.0", layouts: [OCTLayout.name])
}
