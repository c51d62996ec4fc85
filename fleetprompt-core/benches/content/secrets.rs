//! Looking for secrets: what it costs beside sanitising, and how often a README is mistaken.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fleetprompt_core::policy::find_secret;
use pulldown_cmark::{Options, Parser, html};

use crate::figure::{Goal, figure};

/// The length of a README that is worth the name.
const LENGTH: usize = 20 * 1_024;
const ROUNDS: usize = 200;

pub(crate) fn figures(folder: Option<&Path>) {
    let readme = readme();
    let (mut scanning, mut sanitising) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        scanning.push(time(|| _ = black_box(find_secret(black_box(&readme)))));
        sanitising.push(time(|| drop(black_box(sanitised(black_box(&readme))))));
    }
    let (scanning, sanitising) = (median(scanning), median(sanitising));
    println!("scanning {scanning:?}, sanitising {sanitising:?}, of {LENGTH} bytes");
    let ratio = scanning.as_secs_f64() / sanitising.as_secs_f64();
    figure("secrets_vs_sanitising", ratio, "times", Goal::AtMost(0.25));
    hostile(scanning.as_secs_f64() / LENGTH as f64);
    if let Some(folder) = folder {
        mistaken(folder);
    }
}

/// Texts that ask for as much work as anybody found, beside prose of the same length: the price of a
/// byte must not grow with what is in it beyond a constant.
fn hostile(of_prose: f64) {
    const LONGEST: usize = 128 * 1_024;
    let parts = [
        "token=",
        "eyJ.",
        "eyJhbGciOiJIUzI1NiJ9.",
        "://a:b@",
        "sk-",
        "\nhost=a;pwd=abcdef",
        "host=a;pwd=abcdef",
        "-----BEGIN PRIVATE KEY-----\n",
        "MTIzNDU2Nzg5MDEyMzQ1Njc4OQ.",
        "Private-Lines: 1 ",
        "Q~",
        "token: aB3dE6gH9jK2mN5p.x ",
        "secret",
        "basic ",
        "xoxb-1 ",
    ];
    let mut worst = (0.0, "");
    for part in parts {
        let text = part.repeat(LONGEST / part.len());
        let times = (0..5).map(|_| time(|| _ = black_box(find_secret(black_box(&text))))).collect();
        let of_byte = median(times).as_secs_f64() / text.len() as f64;
        println!("{part:?}: {:.1} times prose", of_byte / of_prose);
        if of_byte > worst.0 {
            worst = (of_byte, part);
        }
    }
    let all = Duration::from_secs_f64(worst.0 * LONGEST as f64);
    println!("the worst is {:?}: {all:?} for the longest description", worst.1);
    figure("secrets_hostile_vs_prose", worst.0 / of_prose, "times", Goal::AtMost(100.0));
}

/// The guides of this project, as far as 20 KiB reach.
fn readme() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = ["README.md", "docs/INTEGRATION.md", "docs/OPERATIONS.md", "docs/SECURITY.md"];
    let text: String = files.map(|file| fs::read_to_string(root.join(file)).unwrap()).concat();
    text.chars().filter(char::is_ascii).take(LENGTH).collect()
}

fn sanitised(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES;
    let mut page = String::with_capacity(markdown.len() * 3 / 2);
    html::push_html(&mut page, Parser::new_ext(markdown, options));
    ammonia::clean(&page)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark takes the time that passes")]
fn time(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Names the READMEs below `folder` that would be refused. They are public, so each is a mistake
/// until somebody finds a real secret in it.
fn mistaken(folder: &Path) {
    let mut files = Vec::new();
    readmes(folder, &mut files);
    files.sort();
    let (mut all, mut refused) = (0_u32, 0_u32);
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        all += 1;
        if let Some(kind) = find_secret(&text) {
            refused += 1;
            println!("{}: {kind}", file.display());
        }
    }
    println!("{refused} of {all} READMEs");
    let share = f64::from(refused) * 100.0 / f64::from(all.max(1));
    figure("secrets_mistaken_readmes", share, "%", Goal::AtMost(0.5));
}

fn readmes(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            readmes(&path, found);
        } else if entry.file_name().to_string_lossy().to_ascii_lowercase().starts_with("readme") {
            found.push(path);
        }
    }
}
