//! The suite over the store in memory, and the proof that the suite can fail.

use std::sync::Arc;

use fleetprompt_core::conformance::StoreFixture;
use fleetprompt_core::memory::MemoryStore;
use fleetprompt_core::port::Store;

struct InMemory(MemoryStore);

impl StoreFixture for InMemory {
    fn new() -> Self {
        InMemory(MemoryStore::default())
    }

    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.0.clone())
    }

    fn second(&self) -> Arc<dyn Store> {
        self.store()
    }

    fn reopen(&mut self) {}
}

mod memory {
    use super::InMemory;

    fleetprompt_core::store_conformance!(InMemory);
}
