// Where decide.wgsl finds things, and the numbers of what it decides; tests/device/layout.rs holds the
// offsets to the structs.

// Offsets of the words of a policy.
const P_GAUGE_KIND = 2u;
const P_METRIC = 4u;
const P_RESCALE = 7u;
const P_SCHEDULE = 8u;
const P_INTERVAL = 9u;
const P_DEVIATION = 12u;
const P_GROWTH = 18u;
const P_DOMAIN_MIN = 20u;
const P_DOMAIN_MAX = 22u;
const P_RUN_FACTOR = 24u;
const P_COEFFICIENTS = 26u;
const P_CODEBOOK_LEN = 38u;
const P_CODEBOOK_INTERVALS = 39u;
const P_CODEBOOK_THRESHOLDS = 48u;
const P_CURVE_LEN = 64u;
const P_CURVE_VALUES = 70u;
const P_BUDGET_KIND = 326u;
const P_COMPARATOR = 327u;
const P_SCALE = 328u;
const P_PROGRESS = 329u;
const P_THRESHOLD = 330u;
const P_DECAY = 332u;
const P_EARLY_FACTOR = 334u;
const P_EARLY_UNTIL = 336u;
const P_LATE_FACTOR = 338u;
const P_LATE_FROM = 340u;
const P_MAX_COST = 342u;
const P_RESET = 344u;
const P_PREDICTOR_KIND = 346u;
const P_ORDER = 347u;
const P_ROLLING = 349u;
const P_SIGMA = 352u;
const P_GAIN = 354u;
const P_BLEND = 360u;
const P_HORIZON = 362u;
const P_SPLIT_KIND = 366u;
const P_BOOST = 370u;
const P_VERIFY_KIND = 372u;
const P_VERIFY_FROM = 373u;
const P_SITE_KIND = 380u;
const P_MAX_CONTINUOUS = 392u;
const P_RUN_COUNT = 393u;
const P_MAX_CACHED = 394u;
const P_MAX_SPENT = 404u;

// Offsets of the words of a lane.
const S_PHASE = 0u;
const S_NEXT_CALL = 1u;
const S_RUN = 2u;
const S_STREAK = 3u;
const S_LAST_SKIP = 4u;
const S_SETTLED = 5u;
const S_ACTIVE = 6u;
const S_DUE = 7u;
const S_REJECTED = 8u;
const S_ANCHORS = 9u;
const S_NEWEST = 10u;
const S_SPENT = 14u;
const S_RATIO = 16u;
const S_RATE = 18u;
const S_TOTAL = 20u;
const S_SCALE = 22u;
const S_COMPUTED_TIME = 24u;
const S_PLACES = 26u;
const S_STEPS = 42u;
const O_ACTION = 92u;
const O_REASON = 93u;
const O_STEP = 94u;
const O_EVALUATION = 95u;
const O_LANE = 96u;
const O_NUMBER = 97u;
const O_ORDER = 98u;
const O_SLOT = 99u;
const O_CAPPED = 100u;
const O_TIME = 101u;
const O_SIGNAL = 103u;
const O_ERROR = 105u;
const O_SPENT = 107u;
const O_RATIO = 109u;
const O_LARGEST = 111u;
const O_WEIGHTS = 113u;
const O_LOW_WEIGHTS = 121u;
const S_CALLS = 129u;
const S_COMPUTED = 130u;
const S_REUSED = 131u;
const S_PREDICTED = 132u;
const S_VERIFIED = 133u;
const S_REJECTIONS = 134u;
const S_REASONS = 135u;
const LANE_WORDS = 151u;

// Offsets of the words of a row.
const R_STEP = 0u;
const R_EVALUATION = 1u;
const R_LANE = 2u;
const R_NUMBER = 3u;
const R_GUARD = 4u;
const R_FLAGS = 5u;
const R_TIME = 6u;
const R_PLACE = 8u;
const R_SHARE = 10u;
const R_GAIN = 12u;
const R_ALLOWED = 14u;
const R_GAMMA = 16u;
const R_OF_SIGNAL = 18u;
const R_OF_TIME = 20u;
const R_SIGNAL = 22u;
const R_FACTOR = 24u;
const R_MEASURED = 26u;
const R_ERROR = 28u;
const ROW_WORDS = 32u;

const SCHEDULED = 1u;
const PROTECTED = 2u;
const SETTLED = 4u;
const IN_WINDOW = 8u;
const ENHANCED = 16u;
const EARLY = 32u;
const LEARNING = 64u;
const SENSITIVE = 128u;

// Offsets of the words of control.
const C_CURSOR = 0u;
const C_LIMIT = 1u;
const C_FACTS = 2u;
const C_TRACKED = 3u;
const C_LANES = 8u;
const TRACE_WORDS = 28u;

const NONE = 0xffffffffu;
const ADD_TO_SLOTS = 0xfffffffeu;
const SET_SLOTS = 0xfffffffdu;
const UNKNOWN = vec2<u32>(0u, 0xbff00000u);

const COMPUTE = 0u;
const REUSE = 1u;
const PREDICT = 2u;
const VERIFY = 3u;

const NO_HISTORY = 5u;
const MAX_RUN = 6u;
const MAX_TOTAL = 7u;
const SIGNAL_UNUSABLE = 8u;
const RATE_UNKNOWN = 9u;
const BUDGET_SPENT = 10u;
const WITHIN_BUDGET = 11u;
const FREE = 12u;
const SCHEDULE = 13u;
const FORECAST_REJECTED = 14u;
const MAX_SPENT = 15u;

const GAUGE_FREE = 1u;
const GAUGE_COUNT = 2u;
const GAUGE_SIGNAL = 3u;
const GAUGE_CURVE = 4u;
const GAUGE_LATE = 5u;

const HOLD = 0u;
const TAYLOR = 1u;
const NEWTON = 2u;
const HERMITE = 3u;
const ADAMS = 4u;
const GRADIENT = 6u;
const ALIGNED = 7u;
const RK2 = 8u;
const AB2 = 9u;
const BDF2 = 11u;
const MOULTON = 12u;
const TABLE = 14u;

