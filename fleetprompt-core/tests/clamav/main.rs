//! Uploads scanned by ClamAV's daemon.

#[cfg(test)]
mod daemon;
