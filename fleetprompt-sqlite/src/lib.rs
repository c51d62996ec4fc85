//! A FleetPrompt store in one SQLite file.
