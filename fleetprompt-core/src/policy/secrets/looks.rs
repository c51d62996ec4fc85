//! How a value looks: random, or made up for documentation.

/// Words that stand in values which documentation made up.
const MADE_UP: &[&str] = &[
    "example",
    "sample",
    "placeholder",
    "your",
    "changeme",
    "change-me",
    "change_me",
    "dummy",
    "redacted",
    "replace",
    "insert",
    "secret",
    "passw",
    "fake",
    "mock",
    "xxxx",
    "goes",
    "here",
];

/// Passwords that documentation, default installations and test set-ups use.
const WEAK: &[&str] = &[
    "admin",
    "apikey",
    "bar",
    "baz",
    "db",
    "default",
    "demo",
    "dev",
    "docker",
    "foo",
    "foobar",
    "guest",
    "hunter2",
    "key",
    "letmein",
    "minioadmin",
    "mongo",
    "my-pw",
    "mypass",
    "mysql",
    "p",
    "pass",
    "postgres",
    "pw",
    "pwd",
    "qwerty",
    "rabbitmq",
    "redis",
    "root",
    "s3cr3t",
    "sa",
    "test",
    "token",
    "toor",
    "user",
    "x-oauth-basic",
];

/// Whether a value is made up: it says so, repeats itself, or counts up.
pub(super) fn made_up(value: &[u8]) -> bool {
    repeats(value) || counts_up(value) || MADE_UP.iter().any(|word| holds(value, word))
}

/// Whether `text` holds `word`, in any case.
pub(super) fn holds(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// Five equal bytes in a row, few different ones in all, or the same part over and over.
fn repeats(value: &[u8]) -> bool {
    let in_a_row = value.windows(5).any(|five| five.iter().all(|b| Some(b) == five.first()));
    let few = distinct(value) * 6 < value.len().min(64);
    let over_and_over = |length| value.iter().zip(value.iter().skip(length)).all(|(a, b)| a == b);
    in_a_row || few || (1..=value.len().min(40) / 2).any(over_and_over)
}

/// Six bytes that count up, such as `123456` or `abcdef`.
fn counts_up(value: &[u8]) -> bool {
    value.windows(6).any(|six| {
        six.iter()
            .zip(six.iter().skip(1))
            .all(|(a, b)| b.checked_sub(*a) == Some(1) || (*a, *b) == (b'9', b'0'))
    })
}

/// How many different bytes there are.
pub(super) fn distinct(value: &[u8]) -> usize {
    let seen = value.iter().fold([0_u128; 2], |[low, high], b| {
        if *b < 128 { [low | 1 << b, high] } else { [low, high | 1 << (b - 128)] }
    });
    seen.iter().map(|half| half.count_ones() as usize).sum()
}

/// Whether a value looks like a password that somebody uses.
pub(super) fn is_password(value: &[u8], user: &[u8]) -> bool {
    let marked = |b: &u8| matches!(b, b'<' | b'>' | b'{' | b'}' | b'[' | b']' | b'*' | b'$');
    let counted = value.windows(3).any(|three| three == b"123" || three == b"...");
    !(value.is_empty()
        || value.iter().any(marked)
        || value.starts_with(b"%")
        || counted && value.len() < 12
        || distinct(value) < 3
        || value.eq_ignore_ascii_case(user)
        || WEAK.iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
        || made_up(value))
}

/// Whether a value of letters, digits and a few signs looks random.
///
/// Random text mixes its characters: in base62, one neighbour in two is of another class. Words do
/// so at their seams alone. The entropy of single characters refuses what repeats itself.
pub(super) fn random(value: &[u8]) -> bool {
    if value.len() < 16 || !value.iter().any(u8::is_ascii_digit) {
        return false;
    }
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let hex = value.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-');
    let (least_entropy, least_length) = if hex { (2.8, 20) } else { (3.3, 16) };
    letters * 5 >= value.len()
        && value.len() >= least_length
        && mixed(value) * 5 >= value.len()
        && entropy(value) >= least_entropy
}

/// Whether a short value looks like a password that a machine made.
pub(super) fn random_password(value: &[u8]) -> bool {
    let classes: [fn(&u8) -> bool; 4] = [
        u8::is_ascii_lowercase,
        u8::is_ascii_uppercase,
        u8::is_ascii_digit,
        u8::is_ascii_punctuation,
    ];
    let used = classes.iter().filter(|class| value.iter().any(class)).count();
    (10..=128).contains(&value.len()) && used >= 3 && mixed(value) * 5 >= value.len() * 2
}

/// How many neighbours change from letter to digit or back, or from lower to upper case.
fn mixed(value: &[u8]) -> usize {
    let class = |b: &u8| match b {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    };
    let seams = value.iter().map(class).zip(value.iter().skip(1).map(class));
    seams.filter(|seam| matches!(seam, (0, 1 | 2) | (1 | 2, 0) | (1, 2))).count()
}

/// Shannon's entropy of the bytes, in bits for each.
fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 128];
    for b in value {
        if let Some(count) = counts.get_mut(usize::from(*b)) {
            *count += 1;
        }
    }
    let length = value.len() as f64;
    let shares = counts.iter().filter(|count| **count > 0).map(|count| f64::from(*count) / length);
    shares.map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_any_style_are_not_random() {
        for value in [
            "my-super-secret-token-2024-v1",
            "bert-base-uncased-finetuned-sst2",
            "getAccessTokenFromRequestHeader1",
            "MAX_CONCURRENT_TOKENS_PER_SECOND_10",
            "com.acme.security.token.Provider2",
            "2026-01-20T10:15:00Z",
            "12345678901234567890",
        ] {
            assert!(!random(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn what_repeats_or_counts_is_made_up() {
        for value in [
            "aaaaaaaaaaaaaaaaaaaa",
            "0123456789abcdef",
            "abababababababababababab",
            "k3J9xQ2mk3J9xQ2mk3J9",
        ] {
            assert!(made_up(value.as_bytes()), "{value}");
        }
    }
}
