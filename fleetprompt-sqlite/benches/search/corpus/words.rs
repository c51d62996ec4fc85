//! Words: some hundred real ones, and as many pronounceable ones as are wanted.

/// Words that every text has and few names.
#[rustfmt::skip] // one word a line would bury the code
pub(crate) const FUNCTION_WORDS: &[&str] = &[
    "the", "and", "for", "with", "your", "from", "that", "into", "any", "all", "this", "over",
    "when", "each", "without", "using", "via", "you", "are", "can", "more", "its", "based", "between",
    "every", "across", "them", "only", "other", "than", "which", "their", "through", "both", "not",
    "has", "what", "where", "under", "after", "before", "most", "many", "then", "there", "these",
    "those", "some", "such", "while", "about", "also", "been", "have", "our", "will", "does", "how",
    "out", "per", "they", "who", "why", "yet",
];

/// Words of any trade.
#[rustfmt::skip] // one word a line would bury the code
pub(super) const COMMON: &[&str] = &[
    "agent", "workflow", "tool", "data", "server", "model", "assistant", "service", "simple", "client",
    "platform", "library", "team", "support", "fast", "system", "framework", "local", "code", "custom",
    "search", "manage", "project", "build", "create", "automatic", "process", "access", "connect",
    "integration", "open", "source", "task", "file", "user", "event", "time", "report", "query",
    "document", "context", "memory", "template", "engine", "plugin", "secure", "private", "public",
    "smart", "modern", "small", "light", "complete", "standard", "multiple", "single", "remote",
    "native", "daily", "online", "account", "answer", "question", "summary", "history", "record",
    "change", "update", "monitor", "control", "review", "check", "collect", "convert", "export",
    "import", "share", "publish", "deliver", "schedule", "notify", "message", "request", "response",
    "provider", "customer", "partner", "company", "office", "product", "market", "quality", "version",
    "release", "setup", "guide", "example", "reference", "feature", "interface", "module", "package",
    "command", "console", "window", "page", "list", "table", "index", "field", "format", "language",
    "text", "image", "audio", "video", "speech", "number", "value", "result", "error", "alert",
    "limit", "budget", "policy", "identity", "network", "device",
];

/// Words of one trade each: see `topics`.
#[rustfmt::skip] // one word a line would bury the code
pub(super) const TRADES: &[[&str; 8]] = &[
    ["invoice", "payment", "ledger", "receipt", "tax", "billing", "expense", "audit"],
    ["ticket", "helpdesk", "complaint", "escalation", "inbox", "refund", "chat", "satisfaction"],
    ["compiler", "debugger", "repository", "commit", "linter", "refactor", "branch", "syntax"],
    ["patient", "clinic", "diagnosis", "prescription", "nurse", "hospital", "symptom", "dosage"],
    ["contract", "clause", "lawyer", "litigation", "compliance", "statute", "verdict", "notary"],
    ["shipment", "warehouse", "pallet", "courier", "freight", "customs", "carrier", "container"],
    ["campaign", "audience", "newsletter", "slogan", "advert", "influencer", "funnel", "conversion"],
    ["candidate", "resume", "interview", "payroll", "onboarding", "vacation", "salary", "recruiter"],
    ["lesson", "teacher", "pupil", "homework", "curriculum", "exam", "lecture", "tutor"],
    ["recipe", "kitchen", "ingredient", "menu", "restaurant", "oven", "allergen", "calorie"],
    ["flight", "hotel", "itinerary", "passport", "luggage", "airport", "booking", "visa"],
    ["mortgage", "tenant", "landlord", "lease", "property", "appraisal", "plumbing", "basement"],
    ["portfolio", "dividend", "equity", "bond", "trader", "hedge", "broker", "futures"],
    ["firewall", "malware", "phishing", "intrusion", "cipher", "forensics", "honeypot", "exploit"],
    ["kubernetes", "cluster", "deployment", "ingress", "terraform", "rollout", "replica", "helm"],
    ["sensor", "thermostat", "firmware", "gateway", "telemetry", "actuator", "mesh", "beacon"],
    ["genome", "protein", "enzyme", "sequence", "microscope", "assay", "molecule", "culture"],
    ["turbine", "voltage", "battery", "inverter", "grid", "solar", "outage", "transformer"],
    ["tractor", "harvest", "irrigation", "fertilizer", "livestock", "orchard", "seedling", "soil"],
    ["melody", "chord", "playlist", "podcast", "album", "drummer", "studio", "lyrics"],
    ["photograph", "lens", "retouch", "portrait", "exposure", "gallery", "pixel", "watermark"],
    ["blueprint", "concrete", "scaffold", "architect", "crane", "masonry", "surveyor", "girder"],
    ["tournament", "league", "referee", "athlete", "stadium", "coach", "marathon", "fitness"],
    ["claim", "premium", "policyholder", "actuary", "coverage", "deductible", "insurer", "annuity"],
    ["donation", "volunteer", "charity", "grant", "shelter", "fundraiser", "outreach", "refugee"],
    ["vehicle", "garage", "mileage", "engineer", "brake", "driver", "parking", "charger"],
    ["forecast", "humidity", "rainfall", "climate", "storm", "glacier", "satellite", "drought"],
    ["novel", "chapter", "manuscript", "editor", "poem", "plot", "publisher", "paragraph"],
    ["mapping", "terrain", "compass", "coordinate", "survey", "elevation", "route", "boundary"],
    ["ballot", "council", "citizen", "permit", "mayor", "census", "bylaw", "petition"],
    ["wardrobe", "fabric", "tailor", "boutique", "sneaker", "embroidery", "catwalk", "leather"],
    ["dungeon", "quest", "wizard", "arcade", "controller", "leaderboard", "sprite", "puzzle"],
];

const ONSETS: &[&str] = &[
    "b", "c", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "bl",
    "br", "cl", "cr", "dr", "fl", "fr", "gl", "gr", "pl", "pr", "tr",
];
const VOWELS: &[&str] = &["a", "e", "i", "o", "u"];
/// No cluster among the onsets begins with one of these, so that no two words are spelled alike.
const CODAS: &[&str] = &["", "n", "r", "l", "s", "m"];

/// Open syllables, and all syllables.
const OPEN: usize = 29 * 5;
const ALL: usize = OPEN * 6;

/// How many words have two syllables; all that come after them have three.
const SHORT: usize = 12_000;
/// A large prime, which leaves every remainder once: neighbours get words that look nothing alike,
/// and few of the words that could be spelled are words, as in any language.
const SCATTER: usize = 15_485_863;

/// The n-th of the words that nobody knows. The first come round again after about 18 million.
pub(super) fn unknown(n: usize) -> String {
    let mut word = String::new();
    if n < SHORT {
        let spelled = n * SCATTER % (OPEN * ALL);
        open(spelled / ALL, &mut word);
        closed(spelled % ALL, &mut word);
    } else {
        let spelled = (n - SHORT) * SCATTER % (OPEN * OPEN * ALL);
        open(spelled / ALL / OPEN, &mut word);
        open(spelled / ALL % OPEN, &mut word);
        closed(spelled % ALL, &mut word);
    }
    word
}

/// The n-th word of four plain syllables, in which no letter looks like another: for handles.
pub(super) fn distinct(n: usize) -> String {
    const CONSONANTS: &[&str] = &["b", "d", "f", "g", "k", "n", "p", "r", "t", "v", "z"];
    const SYLLABLES: usize = 11 * 5;
    let mut rest = n * SCATTER % SYLLABLES.pow(4);
    let mut word = String::new();
    for _ in 0..4 {
        add(CONSONANTS, rest % 11, &mut word);
        add(VOWELS, rest / 11 % 5, &mut word);
        rest /= SYLLABLES;
    }
    word
}

fn open(n: usize, word: &mut String) {
    add(ONSETS, n / VOWELS.len(), word);
    add(VOWELS, n % VOWELS.len(), word);
}

fn closed(n: usize, word: &mut String) {
    open(n / CODAS.len(), word);
    add(CODAS, n % CODAS.len(), word);
}

fn add(parts: &[&str], at: usize, word: &mut String) {
    word.push_str(parts.get(at).unwrap());
}
