//! Who may read which event, as the data model tells it.

use std::collections::BTreeMap;

use super::bounds::documented;
use crate::domain::{Audiences, Fact};

/// A row for each kind of event: what it refers to, and who may read it.
fn told() -> BTreeMap<String, (String, Audiences)> {
    let mut told = BTreeMap::new();
    for row in documented("\n## Events") {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [kinds, refers, audience] = cells[..] else { panic!("{row}") };
        let audiences = match audience {
            "publisher" => Audiences { publisher: true, holder: false },
            "holder" => Audiences { publisher: false, holder: true },
            "" => Audiences { publisher: false, holder: false },
            other => panic!("{other} is no audience"),
        };
        // `publisher.created`, `.updated`: the first says what the others begin with.
        let mut family = "";
        for kind in kinds.split('`').skip(1).step_by(2) {
            let (of, what) = kind.split_once('.').unwrap();
            family = if of.is_empty() { family } else { of };
            let row = (refers.to_owned(), audiences);
            assert!(
                told.insert(format!("{family}.{what}"), row).is_none(),
                "{kind} is there twice"
            );
        }
    }
    told
}

#[test]
fn the_data_model_tells_every_event_and_who_may_read_it() {
    let told: Vec<_> = told().into_iter().map(|(kind, (_, audiences))| (kind, audiences)).collect();
    let mut kinds: Vec<_> =
        Fact::KINDS.iter().map(|(kind, _, audiences)| ((*kind).to_owned(), *audiences)).collect();
    kinds.sort_by(|(one, _), (other, _)| one.cmp(other));
    assert_eq!(told, kinds);
}

#[test]
fn the_data_model_tells_what_every_event_refers_to() {
    let told = told();
    for (kind, fields, _) in Fact::KINDS {
        let (refers, _) = &told[*kind];
        for field in *fields {
            let words = if *field == "revoked" { "how many attempts" } else { field };
            assert!(refers.contains(words), "{kind}: {field}");
        }
        assert_eq!(refers.is_empty(), fields.is_empty(), "{kind}");
    }
}

/// Whoever may read an event is found by what it refers to.
#[test]
fn an_event_refers_to_those_who_may_read_it() {
    for (kind, fields, audiences) in Fact::KINDS {
        let has = |field| fields.contains(&field);
        assert!(!audiences.publisher || has("publisher"), "{kind}");
        assert!(!audiences.holder || has("entitlement") || has("attempt"), "{kind}");
        assert!(!(audiences.publisher && audiences.holder), "{kind}: neither learns of the other");
    }
}
