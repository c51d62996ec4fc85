//! Whatever a line of a catalogue holds, it is understood or refused by field, and understanding it
//! again gives the same row.

#![no_main]

use fleetprompt_core::marketplace::ImportLine;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &str| {
    match ImportLine::parse(line, false) {
        Ok(parsed) => assert_eq!(ImportLine::parse(line, false), Ok(parsed)),
        Err(refused) => assert!(!refused.field().is_empty()),
    }
});
