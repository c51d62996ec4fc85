//! `<prefix>.<kid>.<payload>.<mac>`: the form that install tokens and cursors share.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::derive::DerivedKey;
use super::key::KeyId;

/// What tells two kinds of sealed text apart.
pub(crate) struct Form {
    /// What the text begins with; a new format gets a new one.
    pub(crate) prefix: &'static str,
    /// What the MAC begins with.
    pub(crate) domain: &'static str,
    /// The longest text, in bytes.
    pub(crate) max_bytes: usize,
}

impl Form {
    /// `payload` under `key`, bound to `context`, as text.
    pub(crate) fn seal(&self, key: &DerivedKey, context: &[u8], payload: &[u8]) -> String {
        let kid = key.kid().as_str();
        let payload_bytes = payload.len().div_ceil(3) * 4;
        let mut text =
            String::with_capacity(self.prefix.len() + kid.len() + payload_bytes + MAC_TEXT + 3);
        text.push_str(self.prefix);
        text.push('.');
        text.push_str(kid);
        text.push('.');
        let start = text.len();
        URL_SAFE_NO_PAD.encode_string(payload, &mut text);
        let spelled = text.get(start..).unwrap_or_default();
        let mac = key.keyed_digest(&self.parts(kid, context, spelled));
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(mac, &mut text);
        text
    }

    /// The parts of `text`; `None` when it is too long or not of this form.
    pub(crate) fn split<'a>(&self, text: &'a str) -> Option<Sealed<'a>> {
        if text.len() > self.max_bytes || !text.is_ascii() {
            return None;
        }
        let rest = text.strip_prefix(self.prefix)?.strip_prefix('.')?;
        let (kid, rest) = rest.split_once('.')?;
        let (rest, mac_text) = rest.split_at_checked(rest.len().checked_sub(MAC_TEXT)?)?;
        let payload = rest.strip_suffix('.')?;
        let mut mac = [0; 32];
        let length = URL_SAFE_NO_PAD.decode_slice(mac_text, &mut mac).ok()?;
        (length == mac.len()).then_some(Sealed { kid: kid.parse().ok()?, payload, mac })
    }

    /// The payload, if it was sealed under `key` and bound to `context`. Nothing of it is looked
    /// at before the MAC has been compared.
    pub(crate) fn open(
        &self,
        sealed: &Sealed<'_>,
        key: &DerivedKey,
        context: &[u8],
    ) -> Option<Vec<u8>> {
        let parts = self.parts(sealed.kid.as_str(), context, sealed.payload);
        if sealed.kid != *key.kid() || !key.confirms(&parts, &sealed.mac) {
            return None;
        }
        URL_SAFE_NO_PAD.decode(sealed.payload).ok()
    }

    fn parts<'a>(&self, kid: &'a str, context: &'a [u8], payload: &'a str) -> [&'a [u8]; 4] {
        [self.domain.as_bytes(), kid.as_bytes(), context, payload.as_bytes()]
    }
}

/// Text of a [`Form`], taken apart but not believed.
pub(crate) struct Sealed<'a> {
    pub(crate) kid: KeyId,
    payload: &'a str,
    mac: [u8; 32],
}

/// The characters of 32 bytes in base64 without padding.
const MAC_TEXT: usize = 43;
