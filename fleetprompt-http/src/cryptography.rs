//! What encrypted connections to others are made with.

use rustls::crypto::{CryptoProvider, ring};

/// Sees to it that rustls has a provider of cryptography: the HTTP client brings none, since a host whose
/// program has two would have to choose one before it uses rustls itself.
pub(crate) fn expect() {
    if CryptoProvider::get_default().is_none() {
        // Whoever was quicker has installed one, which is as good.
        let _ = ring::default_provider().install_default();
    }
}

#[cfg(test)]
mod tests {
    /// As a host does that names no provider. Of two that are compiled in, rustls takes neither.
    #[test]
    fn a_host_need_not_choose_between_providers() {
        let _ = rustls::ClientConfig::builder();
    }
}
