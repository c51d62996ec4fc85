//! A FleetPrompt store in PostgreSQL: not built yet.
//!
//! The crate is here so that its driver shares the workspace's lock file with SQLite's from the
//! start: sqlx and rusqlite both link `sqlite3`, and Cargo allows one of them per lock file.
