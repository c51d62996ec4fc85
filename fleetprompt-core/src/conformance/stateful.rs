//! Random commands, done to two marketplaces alike.
