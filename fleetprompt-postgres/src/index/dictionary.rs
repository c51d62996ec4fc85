//! The dictionary as reads use it.

use std::collections::HashMap;

use fleetprompt_core::port::Term;

use crate::error::Fault;
use crate::row::{self, natural};
use crate::session::Session;

/// A term that some entry is found by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) id: i32,
    /// How many entries it finds.
    pub(super) entries: u64,
}

/// The stems and labels that a question speaks of, and how many entries there are.
pub(super) struct Dictionary {
    terms: HashMap<String, Known>,
    pub(super) entries: u64,
}

impl Dictionary {
    pub(super) async fn load(
        session: &mut Session<'_>,
        terms: impl IntoIterator<Item = &Term>,
    ) -> Result<Self, Fault> {
        let terms: Vec<String> = terms.into_iter().map(|term| term.as_str().to_owned()).collect();
        let schema = session.schema();
        let sql = format!(
            "SELECT s.entries, t.term, t.id, t.entries FROM {schema}.index_size AS s
             LEFT JOIN {schema}.index_term AS t
             ON t.term = ANY ($1) AND t.stem = t.term AND t.entries > 0"
        );
        let statement = session.statement(sql).bind(terms);
        let rows = session.all(statement).await?;
        let mut dictionary = Dictionary { terms: HashMap::new(), entries: 0 };
        for row in &rows {
            dictionary.entries = natural(row, 0)?;
            if let Some(term) = row::get::<Option<String>>(row, 1)? {
                let known = Known { id: row::get(row, 2)?, entries: natural(row, 3)? };
                dictionary.terms.insert(term, known);
            }
        }
        Ok(dictionary)
    }

    /// A stem or label that was loaded, if some entry has it.
    pub(super) fn term(&self, term: &Term) -> Option<Known> {
        self.terms.get(term.as_str()).copied()
    }
}
