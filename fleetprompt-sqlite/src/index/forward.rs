//! Forward documents: the words and labels of one entry, as ids of terms, in few bytes.
//!
//! All numbers are of variable length, seven bits to a byte, the lowest first. A run is its length
//! and field in one number, `length << 3 | field`, and the ids of its words. [`LABELS`] ends the
//! runs. The labels follow class by class, in the order of their texts: a byte `class << 2 | count
//! − 1`, with the rest of a count of four or more in a number behind it, and the ids.

use fleetprompt_core::port::{Field, StoreError, Term};

/// A term's id in the dictionary.
pub(crate) type Id = u64;

/// What stands where the field of a run would.
pub(super) const LABELS: u64 = 7;

/// The class of a label, as a number below 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Class(u8);

impl Class {
    /// Whatever is no single ASCII letter.
    pub(super) const OTHER: Class = Class(52);

    /// The class of a letter.
    pub(crate) fn of(letter: char) -> Self {
        match u8::try_from(letter) {
            Ok(byte @ b'a'..=b'z') => Class(byte - b'a'),
            Ok(byte @ b'A'..=b'Z') => Class(byte - b'A' + 26),
            _ => Class::OTHER,
        }
    }

    /// Takes the head of a group of labels: their class, and how many there are.
    pub(super) fn head(bytes: &mut &[u8]) -> Option<(Self, u64)> {
        let (head, rest) = bytes.split_first()?;
        *bytes = rest;
        let mut count = u64::from(head & 3) + 1;
        if head & 3 == 3 {
            count = count.checked_add(take(bytes)?)?;
        }
        Some((Class(head >> 2), count))
    }

    /// The class of a term; `None` for a word.
    pub(crate) fn of_term(term: &Term) -> Option<Self> {
        let class = term.class()?;
        let mut letters = class.chars();
        Some(match (letters.next(), letters.next()) {
            (Some(letter), None) => Class::of(letter),
            _ => Class::OTHER,
        })
    }
}

/// A forward document. Reading one into another that is no longer needed saves the allocations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Document {
    /// The words of all runs.
    words: Vec<Id>,
    /// The field of each run, and where it ends in the words.
    runs: Vec<(Field, usize)>,
    /// The labels, in the order of their texts.
    labels: Vec<(Class, Id)>,
}

impl Document {
    /// Adds a run.
    pub(crate) fn push_run(&mut self, field: Field, words: impl IntoIterator<Item = Id>) {
        self.words.extend(words);
        self.runs.push((field, self.words.len()));
    }

    /// Adds a label, which comes after those before it.
    pub(crate) fn push_label(&mut self, class: Class, label: Id) {
        self.labels.push((class, label));
    }

    /// The words of all runs.
    pub(crate) fn words(&self) -> &[Id] {
        &self.words
    }

    /// The runs, each with its field.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (Field, &[Id])> {
        let mut start = 0;
        self.runs.iter().map(move |(field, end)| {
            let run = self.words.get(start..*end).unwrap_or_default();
            start = *end;
            (*field, run)
        })
    }

    /// The labels, in the order of their texts.
    pub(crate) fn labels(&self) -> &[(Class, Id)] {
        &self.labels
    }

    /// The document in bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(3 * (self.words.len() + self.labels.len()) + 16);
        for (field, words) in self.runs() {
            put(&mut bytes, (words.len() as u64) << 3 | field.number() as u64);
            words.iter().for_each(|id| put(&mut bytes, *id));
        }
        put(&mut bytes, LABELS);
        for group in self.labels.chunk_by(|(class, _), (next, _)| class == next) {
            let Some((Class(class), _)) = group.first() else { continue };
            let more = group.len() as u64 - 1;
            bytes.push(class << 2 | u8::try_from(more).unwrap_or(u8::MAX).min(3));
            if let Some(rest) = more.checked_sub(3) {
                put(&mut bytes, rest);
            }
            group.iter().for_each(|(_, id)| put(&mut bytes, *id));
        }
        bytes
    }

    /// Replaces the document by the one in `bytes`.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.words.clear();
        self.runs.clear();
        self.labels.clear();
        self.fill(bytes).ok_or(StoreError::Corrupt("a forward document can't be read"))
    }

    fn fill(&mut self, mut bytes: &[u8]) -> Option<()> {
        loop {
            let head = take(&mut bytes)?;
            if head == LABELS {
                break;
            }
            let field = *Field::ALL.get(usize::try_from(head & 7).ok()?)?;
            for _ in 0..head >> 3 {
                self.words.push(take(&mut bytes)?);
            }
            self.runs.push((field, self.words.len()));
        }
        while !bytes.is_empty() {
            let (class, count) = Class::head(&mut bytes)?;
            for _ in 0..count {
                self.labels.push((class, take(&mut bytes)?));
            }
        }
        Some(())
    }
}

fn put(bytes: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        bytes.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
}

/// Takes the number that the bytes begin with.
pub(super) fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut n = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        n |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(n);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Document {
        let mut document = Document::default();
        document.push_run(Field::Name, [1, 127, 128]);
        document.push_run(Field::Summary, []);
        document.push_run(Field::Description, (0..1_000).map(|n| n * 1_000_003));
        for (class, count) in [('A', 1), ('a', 3), ('b', 4), ('z', 5), ('-', 300)] {
            (0..count).for_each(|n| document.push_label(Class::of(class), n));
        }
        document
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut read = sample();
        for document in [sample(), Document::default()] {
            read.read(&document.encode()).unwrap();
            assert_eq!(read, document);
        }
        let runs: Vec<_> = sample().runs().map(|(field, words)| (field, words.len())).collect();
        assert_eq!(runs, [(Field::Name, 3), (Field::Summary, 0), (Field::Description, 1_000)]);
    }

    #[test]
    fn what_is_cut_short_or_no_document_is_refused_and_never_panics() {
        let bytes = sample().encode();
        let mut read = Document::default();
        let labels = bytes.len() - 400;
        for end in 0..labels {
            // Between two groups of labels, a document may end.
            let _: Result<(), StoreError> = read.read(&bytes[..end]);
        }
        for broken in [&[][..], &[0x80], &[5], &[6], &[8, 1], &[7, 3], &[7, 0], &[0xff; 40]] {
            assert!(read.read(broken).is_err(), "{broken:?}");
        }
    }

    #[test]
    fn a_class_is_one_letter() {
        let class = |term: &str| Class::of_term(&term.parse().unwrap());
        assert_eq!(class("agent"), None);
        assert_eq!(class("k:whs:agent"), Some(Class::of('k')));
        assert_ne!(class("k:1"), class("K:1"));
        assert_eq!(class("kk:1"), Some(Class::OTHER));
        assert_eq!(class(":1"), Some(Class::OTHER));
    }
}
