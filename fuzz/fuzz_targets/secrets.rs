//! Whatever a text holds, it is judged; lines around a secret do not hide it, and names are judged.

#![no_main]

use fleetprompt_core::policy::{deceptive, find_secret, leads_nowhere};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|texts: (&str, &str)| {
    let (text, other) = texts;
    if find_secret(text).is_some() {
        assert!(find_secret(&format!("{text}\n{other}")).is_some());
        assert!(find_secret(&format!("{other}\n{text}")).is_some());
    }
    let token = ["npm", "Zk3vQ8sLm1Xw9RtB5yHc7JdN2fGpA4eK6uTo"].join("_");
    assert!(find_secret(&format!("{text}\n{token}\n{other}")).is_some());
    let _: Option<_> = deceptive(text);
    let _: Option<_> = leads_nowhere(text);
});
