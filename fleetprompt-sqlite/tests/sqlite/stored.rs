//! What is stored: every column and every field of a document has a reason, and none of them is
//! that an owning system records it (specification, section 2.1).

use std::collections::BTreeSet;

use fleetprompt_core::conformance::samples::{self, Pick};
use fleetprompt_core::port::{RecordKey, RecordKind};
use fleetprompt_sqlite::SqliteStore;
use rusqlite::Connection;
use serde_json::Value;

use crate::support::{apply, commit, dump, folder, frequencies, indexed};

type Reasons = &'static [(&'static str, &'static [&'static str])];

/// The columns that every kind of record has.
const OF_RECORDS: &[&str] = &["id", "revision", "created", "changed", "doc"];

/// The other columns, and why they are there.
const COLUMNS: Reasons = &[
    (
        "repeats an id in the document, to find the record by",
        &[
            "tenant.surrogate",
            "person.surrogate",
            "person.tenant",
            "publisher.tenant",
            "membership.publisher",
            "membership.person",
            "invitation.publisher",
            "listing.publisher",
            "release.listing",
            "binding.publisher",
            "binding.system",
            "entitlement.listing",
            "entitlement.tenant",
            "entitlement.person",
            "seat.entitlement",
            "seat.person",
            "attempt.tenant",
            "attempt.person",
            "attempt.entitlement",
            "attempt.kid",
            "buyer_mark.listing",
            "well_known.subject",
        ],
    ),
    (
        "repeats a word, a flag or a time in the document, to filter or order by",
        &[
            "invitation.expires_at",
            "release.channel",
            "release.yanked",
            "release.precedence",
            "binding.state",
            "attempt.state",
            "attempt.expires_at",
            "buyer_mark.expires_at",
            "name_review.state",
            "report.state",
            "rendered.sanitiser",
        ],
    ),
    ("finds well-known names from names that look like them", &["well_known.likeness"]),
    ("keeps names unique", &["name_claim.scope", "name_claim.name", "name_claim.owner"]),
    ("counts what the marketplace did itself", &["counter.scope", "counter.name", "counter.value"]),
    (
        "answers a retry, under digests",
        &[
            "receipt.scope",
            "receipt.kid",
            "receipt.fingerprint",
            "receipt.answer",
            "receipt.expires_at",
        ],
    ),
    (
        "a word of a listing in the public catalogue, or a label that says what kind of one it is",
        &[
            "index_term.id",
            "index_term.term",
            "index_term.stem",
            "index_term.level",
            "index_count.id",
            "index_count.entries",
            "index_count.uses",
        ],
    ),
    (
        "finds the listings of the public catalogue, by ids of words",
        &[
            "index_entry.ordinal",
            "index_entry.quality",
            "index_entry.released_at",
            "index_entry.version",
            "index_entry.sort_name",
            "index_entry.forward",
            "index_text.ids",
            "index_text_config.k",
            "index_text_config.v",
            "index_text_data.id",
            "index_text_data.block",
            "index_text_idx.segid",
            "index_text_idx.term",
            "index_text_idx.pgno",
            "index_rebuild.one",
            "index_rebuild.reached",
        ],
    ),
    (
        "orders the marketplace's own events",
        &[
            "event.position",
            "event.at",
            "event.feed_position",
            "event.doc",
            "log_head.one",
            "log_head.last",
            "log_head.at",
            "log_head.feed_last",
            "log_head.pruned",
            "log_head.feed_pruned",
        ],
    ),
    ("tells how far a copy has come", &["log_head.copying"]),
];

/// The fields of documents, and why they are there.
const FIELDS: Reasons = &[
    (
        "an id that FleetPrompt made",
        &[
            "deployment.id",
            "tenant.id",
            "person.id",
            "person.tenant",
            "publisher.id",
            "publisher.tenant",
            "membership.publisher",
            "membership.person",
            "invitation.id",
            "invitation.publisher",
            "invitation.invitedBy",
            "listing.id",
            "listing.publisher",
            "listing.successor",
            "listing.media.icon.upload",
            "listing.media.screenshots[].image.upload",
            "listing.asset.members[]",
            "release.listing",
            "binding.publisher",
            "binding.tenant",
            "entitlement.id",
            "entitlement.listing",
            "entitlement.publisher",
            "entitlement.tenant",
            "entitlement.person",
            "seat.entitlement",
            "seat.person",
            "attempt.id",
            "attempt.listing",
            "attempt.publisher",
            "attempt.entitlement",
            "attempt.tenant",
            "attempt.person",
            "buyer_mark.listing",
            "standing.listing",
            "well_known.of.id",
            "name_review.subject.id",
            "report.id",
            "report.subject.id",
            "report.reporter",
            "index_progress.sweep.after[]",
            "index_progress.sweep.publisher",
            "rendered.listing",
            "rendering_progress.after[]",
        ],
    ),
    (
        "when FleetPrompt did something, or until when it counts",
        &[
            "deployment.since",
            "deployment.disregarded",
            "deployment.upkeep.reached",
            "deployment.upkeep.doubted",
            "standing.countedAt",
            "tenant.createdAt",
            "person.createdAt",
            "publisher.createdAt",
            "publisher.updatedAt",
            "publisher.badges[].grantedAt",
            "membership.joinedAt",
            "invitation.createdAt",
            "invitation.expiresAt",
            "listing.createdAt",
            "listing.updatedAt",
            "listing.publishedAt",
            "listing.releasedAt",
            "listing.takedown.at",
            "release.publishedAt",
            "binding.createdAt",
            "binding.decidedAt",
            "entitlement.createdAt",
            "entitlement.updatedAt",
            "entitlement.window.startsAt",
            "entitlement.window.endsAt",
            "seat.takenAt",
            "attempt.issuedAt",
            "attempt.expiresAt",
            "attempt.redemption.at",
            "buyer_mark.firstAt",
            "buyer_mark.lastAt",
            "name_review.heldAt",
            "name_review.decidedAt",
            "report.filedAt",
            "report.decidedAt",
        ],
    ),
    (
        "a state, kind or number of FleetPrompt's own",
        &[
            "tenant.closing",
            "publisher.held",
            "listing.held",
            "well_known.of.kind",
            "name_review.subject.kind",
            "name_review.names.of",
            "name_review.likeness",
            "name_review.resembles.kind",
            "name_review.state",
            "report.subject.kind",
            "report.class",
            "report.state",
            "person.erasing",
            "publisher.badges[].kind",
            "membership.role",
            "invitation.role",
            "listing.media.icon.format",
            "listing.media.icon.size.width",
            "listing.media.icon.size.height",
            "listing.media.icon.bytes",
            "listing.media.screenshots[].image.format",
            "listing.media.screenshots[].image.size.width",
            "listing.media.screenshots[].image.size.height",
            "listing.media.screenshots[].image.bytes",
            "listing.state",
            "listing.asset.kind",
            "listing.content.priceClass",
            "listing.content.visibility",
            "listing.importedPopularity",
            "standing.buyers",
            "index_progress.followed",
            "index_progress.version",
            "rendered.sanitiser",
            "rendering_progress.looksFor",
            "listing.takedown.class",
            "listing.takedown.stateBefore",
            "binding.kind",
            "binding.state",
            "entitlement.state",
            "entitlement.seats",
            "entitlement.source.kind",
            "attempt.method",
            "attempt.state",
            "attempt.mismatches",
        ],
    ),
    (
        "a text that its publisher wrote, bounded, for people and search",
        &[
            "publisher.handle",
            "publisher.profile.name",
            "publisher.profile.summary",
            "publisher.profile.website",
            "listing.slug",
            "listing.content.title",
            "listing.content.summary",
            "listing.content.description",
            "listing.content.tags[]",
            "listing.content.category",
            "listing.content.documentation",
            "listing.content.repository",
            "listing.content.license",
            "name_review.names.handle",
            "name_review.names.name",
            "name_review.names.slug",
            "name_review.names.title",
            "listing.media.screenshots[].alt",
            "release.version",
            "listing.latest",
            "rendered.release",
            "rendered.repository",
            "rendered.html",
            "release.content.notes",
            "release.content.capabilities[]",
            "release.content.compatibility[].system",
            "release.content.compatibility[].range",
            "release.content.schemaVersion",
        ],
    ),
    (
        "a text that an operator or an organisation gave as a reason",
        &[
            "publisher.suspended",
            "publisher.badges[].evidence",
            "listing.takedown.reason",
            "release.yanked",
            "binding.reason",
            "name_review.reason",
            "report.reason",
            "entitlement.reason",
            "entitlement.source.reason",
        ],
    ),
    (
        "a text that somebody wrote to operators, bounded, for them alone",
        &["report.text", "report.evidence"],
    ),
    (
        "refers to what another system holds, opaque",
        &[
            "listing.asset.whsAgentId",
            "listing.asset.agentromaticWorkflowId",
            "listing.asset.specId",
            "listing.asset.schemaVersion",
            "release.content.artifacts[].uri",
            "release.content.artifacts[].digest",
            "release.content.artifacts[].size",
            "release.content.artifacts[].mediaType",
            "release.content.deploymentPin",
            "binding.system",
            "binding.upstreamId",
            "attempt.upstreamId",
            "entitlement.source.provider",
            "entitlement.source.reference",
            "entitlement.source.decision",
            "attempt.system",
            "attempt.context",
            "attempt.version",
        ],
    ),
    (
        "what a name looks like: an id that FleetPrompt made, or a reserved word",
        &["name_review.resembles.of"],
    ),
    ("a public name, in the form in which look-alikes find it", &["well_known.key"]),
    ("the name of a secret that a runtime needs, never its value", &["release.content.secrets[]"]),
    (
        "the identity provider's name, in the two tables that erasing clears",
        &[
            "tenant.identity.issuer",
            "tenant.identity.name.organisation",
            "tenant.identity.name.personal",
            "person.identity.subject",
            "person.identity.tenant.issuer",
            "person.identity.tenant.name.organisation",
        ],
    ),
    (
        "a digest, or the name of the key of a keyed one: recognises, and shows nothing",
        &[
            "deployment.keys.k1",
            "deployment.keys.k10",
            "deployment.keys.k2",
            "invitation.codeDigest",
            "invitation.kid",
            "listing.media.icon.digest",
            "listing.media.screenshots[].image.digest",
            "release.digest",
            "rendered.source",
            "attempt.releaseDigest",
            "attempt.token.digest",
            "attempt.token.kid",
            "attempt.redemption.keyDigest",
            "attempt.redemption.fingerprint",
            "buyer_mark.buyer",
        ],
    ),
    (
        "what was answered to a redemption: references and facts, so that a retry gets the same",
        &["attempt.redemption.manifest"],
    ),
];

fn listed(reasons: Reasons) -> BTreeSet<String> {
    reasons.iter().flat_map(|(_, paths)| *paths).map(|path| (*path).to_owned()).collect()
}

#[test]
fn every_column_has_a_reason() {
    let (_folder, path) = folder();
    drop(SqliteStore::open(&path).unwrap());
    let conn = Connection::open(&path).unwrap();
    let mut statement = conn
        .prepare(
            "SELECT s.name || '.' || c.name FROM sqlite_schema AS s, pragma_table_info(s.name) AS c
             WHERE s.type = 'table'",
        )
        .unwrap();
    let columns = statement.query_map([], |row| row.get(0)).unwrap();
    let columns: BTreeSet<String> = columns.collect::<Result<_, _>>().unwrap();
    let mut expected = listed(COLUMNS);
    for kind in RecordKind::ALL {
        expected.extend(OF_RECORDS.iter().map(|column| format!("{}.{column}", kind.name())));
    }
    assert_eq!(columns, expected);
}

#[test]
fn every_field_of_a_document_has_a_reason() {
    let mut fields = BTreeSet::new();
    for kind in RecordKind::ALL {
        for n in 0..64 {
            let mut pick = Pick::full();
            for _ in 0..n {
                pick.below(2);
            }
            let doc = samples::record(*kind, n % 8, &mut pick).encode().unwrap();
            fields_of(kind.name(), &serde_json::from_str(&doc).unwrap(), &mut fields);
        }
    }
    assert_eq!(fields, listed(FIELDS));
}

fn fields_of(at: &str, value: &Value, fields: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                fields_of(&format!("{at}.{name}"), value, fields);
            }
        }
        Value::Array(items) => {
            items.iter().for_each(|item| fields_of(&format!("{at}[]"), item, fields));
        }
        _ => drop(fields.insert(at.to_owned())),
    }
}

/// A word that only one listing had must not outlive it: not in the search index either.
#[test]
fn the_words_of_a_listing_go_with_it() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    (0..20).for_each(|n| drop(commit(&store, indexed(n)).unwrap()));
    let holds = |word: &str| dump(&path).windows(word.len()).any(|part| part == word.as_bytes());
    assert!(holds("word17"));

    crate::support::delete(&store, RecordKey::listing(samples::listing_id(17)));
    crate::support::prune_all(&store);
    assert_eq!(frequencies(&store, &["word17", "agent"]), (19, vec![0, 19]));
    drop(store);
    assert!(!holds("word17"), "found in the file after the log was folded into it");
    assert!(holds("word16"));
}

/// What an erasure removes must not be read out of the file afterwards.
#[test]
fn what_is_deleted_is_overwritten() {
    let (_folder, path) = folder();
    let store = SqliteStore::open(&path).unwrap();
    apply(&store, 0);
    let key = crate::support::attempt_key(0);
    let canary = key.id().as_bytes().to_owned();
    let holds = |bytes: Vec<u8>| bytes.windows(canary.len()).any(|window| window == canary);
    assert!(holds(dump(&path)));

    crate::support::delete(&store, key);
    crate::support::prune_all(&store);
    drop(store);
    assert!(!holds(dump(&path)), "found in the file after the log was folded into it");
}
