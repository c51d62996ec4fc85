//! The suite that every store must pass.

use std::sync::Arc;

use fleetprompt_core::conformance::StoreFixture;
use fleetprompt_core::port::Store;
use fleetprompt_postgres::PostgresStore;

use crate::support::Schema;

/// A schema of its own.
struct PostgresFixture {
    // Dropped before the schema, which it would otherwise still use.
    store: Option<PostgresStore>,
    schema: Schema,
}

impl StoreFixture for PostgresFixture {
    fn new() -> Self {
        let schema = Schema::new();
        PostgresFixture { store: Some(schema.open()), schema }
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone().unwrap())
    }

    fn second(&self) -> Arc<dyn Store> {
        Arc::new(self.schema.open())
    }

    fn reopen(&mut self) {
        self.store = None;
        self.store = Some(self.schema.open());
    }
}

fleetprompt_core::store_conformance!(PostgresFixture);
