//! Names: one owner each.

use crate::conformance::StoreFixture;
use crate::conformance::samples;
use crate::conformance::support::{Draft, handle, wait};
use crate::domain::Revision;
use crate::port::{ClaimedName, Counter, NameOwner, NameScope, Refusal, Store, Within};

fn owner(store: &dyn Store, name: &ClaimedName) -> Option<String> {
    wait(store.name(name)).map(|owner| owner.as_str().to_owned())
}

pub(in crate::conformance) fn a_free_name_is_claimed_and_a_taken_one_is_not<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let name = handle("acrne");
    assert_eq!(wait(store.name(&name)), None);
    Draft::with_event().claim(&name, "ada").apply(&*store);
    assert_eq!(wait(store.name(&name)), Some(NameOwner::new("ada")));

    let refused = Draft::with_event().claim(&name, "bob").refuse(&*store);
    assert_eq!(refused, Refusal::NameTaken(name.clone()));
    // An owner's name is compared whole, and byte by byte.
    for other in ["Ada", "ad", "ada ", "adab"] {
        Draft::with_event().claim(&name, other).refuse(&*store);
    }
    assert_eq!(owner(&*store, &name).as_deref(), Some("ada"));
}

pub(in crate::conformance) fn a_name_is_claimed_again_by_its_owner<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let name = handle("acrne");
    Draft::with_event().claim(&name, "ada").apply(&*store);
    Draft::with_event().claim(&name, "ada").claim(&name, "ada").apply(&*store);
    Draft::new().release(&name, "ada").apply(&*store);
    assert_eq!(owner(&*store, &name), None);
}

pub(in crate::conformance) fn a_name_is_released_by_its_owner_alone<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let name = handle("acrne");
    Draft::with_event().release(&name, "ada").claim(&name, "ada").apply(&*store);
    Draft::with_event().release(&name, "bob").apply(&*store);
    assert_eq!(owner(&*store, &name).as_deref(), Some("ada"));
    Draft::with_event().release(&name, "ada").apply(&*store);
    Draft::with_event().claim(&name, "bob").apply(&*store);
    assert_eq!(owner(&*store, &name).as_deref(), Some("bob"));
}

pub(in crate::conformance) fn claims_of_one_commit_see_those_before_them<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let (name, other) = (handle("acrne"), handle("bot"));
    let refused = Draft::with_event().claim(&name, "ada").claim(&name, "bob").refuse(&*store);
    assert_eq!(refused, Refusal::NameTaken(name.clone()));
    assert_eq!(owner(&*store, &name), None);

    // Handing a name over, and swapping two.
    Draft::with_event()
        .claim(&name, "ada")
        .release(&name, "ada")
        .claim(&name, "bob")
        .claim(&other, "ada")
        .apply(&*store);
    assert_eq!(owner(&*store, &name).as_deref(), Some("bob"));
    Draft::with_event()
        .release(&name, "bob")
        .release(&other, "ada")
        .claim(&name, "ada")
        .claim(&other, "bob")
        .apply(&*store);
    assert_eq!(owner(&*store, &name).as_deref(), Some("ada"));
    assert_eq!(owner(&*store, &other).as_deref(), Some("bob"));
    let refused = Draft::with_event()
        .release(&name, "bob")
        .claim(&name, "bob")
        .release(&name, "ada")
        .refuse(&*store);
    assert_eq!(refused, Refusal::NameTaken(name));
}

pub(in crate::conformance) fn names_of_other_scopes_are_apart<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let mut names = Vec::new();
    for scope in NameScope::ALL {
        for text in samples::TEXTS {
            names.push(ClaimedName::new(*scope, (*text).to_owned()));
        }
    }
    let mut draft = Draft::new();
    for (n, name) in names.iter().enumerate() {
        draft = draft.claim(name, &format!("owner {n}"));
    }
    draft.apply(&*store);
    for (n, name) in names.iter().enumerate() {
        assert_eq!(owner(&*store, name), Some(format!("owner {n}")));
    }
}

pub(in crate::conformance) fn the_first_refusal_among_names_and_counts_is_named<F: StoreFixture>() {
    let fixture = F::new();
    let store = fixture.store();
    let name = handle("acrne");
    let seats = Counter::seats(samples::entitlement_id(1));
    Draft::with_event().claim(&name, "ada").apply(&*store);
    let taken = Refusal::NameTaken(name.clone());
    let full = Refusal::OutOfBounds(seats.clone());

    let none = Within::AtMost(0);
    let draft = Draft::with_event().claim(&name, "bob").count(&seats, 1, none);
    assert_eq!(draft.refuse(&*store), taken);
    let draft = Draft::with_event().count(&seats, 1, none).claim(&name, "bob");
    assert_eq!(draft.refuse(&*store), full);
    let draft = Draft::with_event().count(&seats, 1, Within::Any).claim(&name, "bob");
    assert_eq!(draft.count(&seats, 1, none).refuse(&*store), taken);

    // A stale record goes before both, wherever it stands.
    let stale = samples::listing(1, &mut samples::Pick::sparse());
    let draft = Draft::with_event().count(&seats, 1, none).claim(&name, "bob");
    let draft = draft.put(stale.clone(), Some(Revision::FIRST));
    assert_eq!(draft.refuse(&*store), Refusal::Conflict(stale.key()));
}
