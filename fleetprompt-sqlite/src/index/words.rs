//! Sets of words that documents are looked through for.

use super::forward::Id;

/// Bits that tell of most ids that they are not in a set, without looking through it.
#[derive(Clone, Copy, Debug, Default)]
struct Sieve([u64; 4]);

impl Sieve {
    fn add(&mut self, id: Id) {
        let (slot, bit) = Self::place(id);
        if let Some(bits) = self.0.get_mut(slot) {
            *bits |= bit;
        }
    }

    fn may_have(&self, id: Id) -> bool {
        let (slot, bit) = Self::place(id);
        self.0.get(slot).is_some_and(|bits| bits & bit != 0)
    }

    fn place(id: Id) -> (usize, u64) {
        ((id >> 6) as usize & 3, 1 << (id & 63))
    }
}

/// The words that may stand in one place.
#[derive(Clone, Debug, Default)]
pub(super) struct WordSet {
    sieve: Sieve,
    words: Vec<Id>,
}

impl WordSet {
    pub(super) fn new(words: impl IntoIterator<Item = Id>) -> Self {
        let words: Vec<Id> = words.into_iter().collect();
        let mut sieve = Sieve::default();
        words.iter().for_each(|word| sieve.add(*word));
        WordSet { sieve, words }
    }

    pub(super) fn has(&self, word: Id) -> bool {
        self.sieve.may_have(word) && self.words.contains(&word)
    }
}

/// Which stems words have, of those that are counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Stems {
    sieve: Sieve,
    /// Each word, and the place of its stem; in order.
    words: Vec<(Id, usize)>,
    stems: usize,
}

impl Stems {
    /// Adds a stem, of which these are the words.
    pub(super) fn push(&mut self, words: &[Id]) {
        for word in words {
            self.sieve.add(*word);
            let entry = (*word, self.stems);
            let place = self.words.partition_point(|known| *known < entry);
            self.words.insert(place, entry);
        }
        self.stems += 1;
    }

    /// How many stems are counted.
    pub(super) fn len(&self) -> usize {
        self.stems
    }

    /// Whether nothing is counted.
    pub(super) fn is_empty(&self) -> bool {
        self.stems == 0
    }

    /// The places of the stems that a word counts for.
    pub(super) fn of(&self, word: Id) -> impl Iterator<Item = usize> {
        let from = match self.sieve.may_have(word) {
            true => self.words.partition_point(|(known, _)| *known < word),
            false => self.words.len(),
        };
        let behind = self.words.get(from..).unwrap_or_default().iter();
        behind.take_while(move |(known, _)| *known == word).map(|(_, stem)| *stem)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_set_has_what_was_put_in(words: Vec<u16>, other: u16) {
            let set = WordSet::new(words.iter().map(|word| Id::from(*word)));
            prop_assert!(words.iter().all(|word| set.has(Id::from(*word))));
            prop_assert_eq!(set.has(Id::from(other)), words.contains(&other));
        }

        #[test]
        fn a_word_counts_for_each_of_its_stems(stems in prop::collection::vec(prop::collection::vec(0_u64..300, 0..5), 0..6)) {
            let mut all = Stems::default();
            stems.iter().for_each(|words| all.push(words));
            for word in 0..300 {
                let mut expected = Vec::new();
                for (at, words) in stems.iter().enumerate() {
                    expected.extend(words.iter().filter(|it| **it == word).map(|_| at));
                }
                prop_assert_eq!(all.of(word).collect::<Vec<_>>(), expected);
            }
        }
    }
}
