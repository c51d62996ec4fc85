//! Text that claims to be a cursor never opens; a sealed one opens for its own binding only.
#![no_main]

use std::sync::LazyLock;

use fleetprompt_core::domain::DeploymentId;
use fleetprompt_core::search::{Cursor, CursorBinding};
use fleetprompt_core::token::{KeyRing, MasterKey};
use libfuzzer_sys::fuzz_target;

const DEPLOYMENT: DeploymentId = DeploymentId::from_bytes([1; 16]);
static RING: LazyLock<KeyRing> =
    LazyLock::new(|| KeyRing::single(MasterKey::from_bytes(&[7; 32]).expect("a master key")));

fuzz_target!(|input: (&str, &[u8], &[u8], &[u8])| {
    let (text, query, viewer, payload) = input;
    let binding = CursorBinding::new(query, viewer);
    if let Ok(cursor) = text.parse::<Cursor>() {
        assert_eq!(cursor.as_str(), text);
        assert!(cursor.open(&RING, DEPLOYMENT, &binding).is_err());
    }
    let Ok(cursor) = Cursor::seal(&RING, DEPLOYMENT, &binding, payload) else {
        assert!(payload.len() > Cursor::MAX_PAYLOAD_BYTES);
        return;
    };
    let returned: Cursor = cursor
        .to_string()
        .parse()
        .expect("a sealed cursor is a cursor");
    assert_eq!(
        returned.open(&RING, DEPLOYMENT, &binding).as_deref(),
        Ok(payload)
    );
    if query != viewer {
        let swapped = CursorBinding::new(viewer, query);
        assert!(returned.open(&RING, DEPLOYMENT, &swapped).is_err());
    }
});
