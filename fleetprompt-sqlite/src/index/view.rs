//! Forward documents as searches read them: in place, and only as far as a question goes.
//!
//! A document is tested far more often than it is shown, so nothing is copied out of its bytes, and
//! words that nobody asks about are passed over eight bytes at a time.

use fleetprompt_core::port::{Field, StoreError};

use super::forward::{Class, Id, LABELS, take};

/// The high bit of each byte: it says that a number goes on.
const GOES_ON: u64 = 0x8080_8080_8080_8080;

/// A forward document in its bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    runs: &'a [u8],
    labels: &'a [u8],
}

/// A run of words.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunView<'a> {
    pub(super) field: Field,
    /// How many words it has.
    pub(super) length: usize,
    words: &'a [u8],
}

impl<'a> View<'a> {
    /// The document in `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, StoreError> {
        let broken = StoreError::Corrupt("a forward document can't be read");
        let mut rest = bytes;
        while run(&mut rest).ok_or(broken.clone())?.is_some() {}
        Ok(View { runs: bytes, labels: rest })
    }

    /// The runs in their order.
    pub(super) fn runs(self) -> impl Iterator<Item = RunView<'a>> {
        let mut rest = self.runs;
        std::iter::from_fn(move || run(&mut rest).flatten())
    }

    /// The labels in their order.
    pub(super) fn labels(self) -> impl Iterator<Item = (Class, Id)> {
        let mut rest = self.labels;
        let mut group = None;
        std::iter::from_fn(move || {
            let (class, left) = match group.take() {
                Some(open) => open,
                None => Class::head(&mut rest)?,
            };
            let label = take(&mut rest)?;
            group = (left > 1).then(|| (class, left - 1));
            Some((class, label))
        })
    }
}

impl<'a> RunView<'a> {
    /// The words in their order.
    pub(super) fn words(self) -> Words<'a> {
        Words(self.words)
    }
}

/// Words in their order.
#[derive(Clone, Debug)]
pub(super) struct Words<'a>(&'a [u8]);

impl Iterator for Words<'_> {
    type Item = Id;

    fn next(&mut self) -> Option<Id> {
        take(&mut self.0)
    }
}

/// The next run, `Some(None)` behind the last one.
fn run<'a>(rest: &mut &'a [u8]) -> Option<Option<RunView<'a>>> {
    let head = take(rest)?;
    if head == LABELS {
        return Some(None);
    }
    let field = *Field::ALL.get(usize::try_from(head & 7).ok()?)?;
    let length = usize::try_from(head >> 3).ok()?;
    let (words, behind) = rest.split_at_checked(bytes_of(rest, length)?)?;
    *rest = behind;
    Some(Some(RunView { field, length, words }))
}

/// How many bytes so many numbers take.
fn bytes_of(bytes: &[u8], numbers: usize) -> Option<usize> {
    let (mut left, mut at) = (numbers, 0);
    for eight in bytes.as_chunks::<8>().0 {
        let ends = (!u64::from_le_bytes(*eight) & GOES_ON).count_ones() as usize;
        if ends >= left {
            break;
        }
        left -= ends;
        at += 8;
    }
    while left > 0 {
        left -= usize::from(bytes.get(at)? & 0x80 == 0);
        at += 1;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::forward::Document;
    use super::*;

    fn same(document: &Document, view: View<'_>) {
        let runs = view.runs().map(|run| (run.field, run.words().collect::<Vec<_>>()));
        let expected = document.runs().map(|(field, words)| (field, words.to_vec()));
        assert!(runs.eq(expected));
        assert!(view.runs().all(|run| run.length == run.words().count()));
        assert!(view.labels().eq(document.labels().iter().copied()));
    }

    proptest! {
        #[test]
        fn a_document_is_the_same_in_its_bytes(
            runs in prop::collection::vec(
                (0..Field::COUNT, prop::collection::vec(any::<Id>().prop_map(|id| id >> (id % 64)), 0..40)),
                0..6,
            ),
            labels in prop::collection::vec((prop::char::range('a', 'e'), any::<Id>()), 0..20),
        ) {
            let mut document = Document::default();
            for (field, words) in runs {
                document.push_run(Field::ALL[field], words);
            }
            for (class, label) in labels {
                document.push_label(Class::of(class), label);
            }
            let bytes = document.encode();
            same(&document, View::new(&bytes).unwrap());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let mut document = Document::default();
            let read = document.read(&bytes);
            match View::new(&bytes) {
                Ok(view) if read.is_ok() => same(&document, view),
                Ok(view) => drop((view.runs().map(|run| run.words().count()).sum::<usize>(), view.labels().count())),
                Err(_) => prop_assert!(read.is_err(), "what is read in whole is read in place"),
            }
        }
    }
}
