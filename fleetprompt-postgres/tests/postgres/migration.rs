//! Schemas that are new, old, newer, or somebody else's.

use std::sync::Barrier;
use std::thread;

use fleetprompt_core::domain::Revision;
use fleetprompt_core::port::{Store as _, StoreError};
use pollster::block_on;
use sqlx::Row as _;

use crate::load::{apply, revision};
use crate::support::{Client, Schema, sql, url, url_with};

#[test]
fn instances_that_start_together_agree() {
    let schema = Schema::unmade();
    let start = Barrier::new(8);
    let stores: Vec<_> = thread::scope(|scope| {
        let starting: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    schema.try_open()
                })
            })
            .collect();
        starting.into_iter().map(|instance| instance.join().unwrap().unwrap()).collect()
    });
    for (n, store) in (0..).zip(&stores) {
        apply(store, n);
    }
    assert_eq!(block_on(stores[0].head()).unwrap().last.get(), 8);
}

#[test]
fn where_no_store_is_none_is_made_unless_it_may_be() {
    let schema = Schema::unmade();
    let existing = schema.options().create_if_missing(false);
    let refused = || block_on(existing.connect(&url())).unwrap_err();
    assert_eq!(refused(), StoreError::Missing("there is no such schema"));
    let target = block_on(existing.connect_copy_target(&url())).unwrap_err();
    assert_eq!(target, StoreError::Missing("there is no such schema"));
    sql(&format!("CREATE SCHEMA {}", schema.name));
    assert_eq!(refused(), StoreError::Missing("the schema is empty"));
    assert_eq!(relations(&schema), 0);

    apply(&schema.open(), 0);
    let store = block_on(existing.connect(&url())).unwrap();
    assert_eq!(revision(&store, 0), Some(Revision::FIRST));
}

#[test]
fn a_newer_schema_is_refused() {
    let schema = Schema::unmade();
    apply(&schema.open(), 0);
    sql(&format!("UPDATE {}.schema_version SET version = 7", schema.name));
    let refused = schema.try_open().unwrap_err();
    assert_eq!(refused, StoreError::SchemaTooNew { found: 7, known: 2 });
    sql(&format!("UPDATE {}.schema_version SET version = 2", schema.name));
    assert_eq!(revision(&schema.open(), 0), Some(Revision::FIRST));
}

/// Makes a schema what version 1 left.
fn as_version_1(schema: &Schema) {
    let name = &schema.name;
    sql(&format!(
        "CREATE INDEX attempt_issued ON {name}.attempt (created, id, kid) WHERE state = 'issued';
         UPDATE {name}.schema_version SET version = 1"
    ));
}

#[test]
fn a_schema_of_version_1_goes_on_without_an_index_that_nothing_reads() {
    let (schema, new) = (Schema::unmade(), Schema::new());
    apply(&schema.open(), 0);
    as_version_1(&schema);
    let store = schema.open();
    assert_eq!(revision(&store, 0), Some(Revision::FIRST));
    apply(&store, 1);
    drop(new.open());
    assert_eq!(relations(&schema), relations(&new));
}

#[test]
fn a_migration_that_somebody_is_in_the_way_of_is_refused_soon_and_done_later() {
    let schema = Schema::unmade();
    apply(&schema.open(), 0);
    as_version_1(&schema);
    let mut reading = Client::connect();
    reading.run("BEGIN");
    reading.run(&format!("SELECT count(*) FROM {}.attempt", schema.name));
    let refused = schema.try_open().unwrap_err();
    assert_eq!(refused, StoreError::Unavailable("others were in the way"));
    reading.run("COMMIT");
    assert_eq!(revision(&schema.open(), 0), Some(Revision::FIRST));
}

#[test]
fn a_schema_of_another_program_is_left_alone() {
    let schema = Schema::unmade();
    let name = &schema.name;
    sql(&format!("CREATE SCHEMA {name}; CREATE TABLE {name}.invoice (id integer)"));
    let refused = schema.try_open().unwrap_err();
    assert_eq!(refused, StoreError::Open("the schema belongs to another program"));
    assert_eq!(relations(&schema), 1);
}

/// How many tables and the like there are in a schema.
fn relations(schema: &Schema) -> i64 {
    let counted = sql(&format!(
        "SELECT count(*) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE n.nspname = $name${}$name$",
        schema.name.as_str()
    ));
    counted[0].get(0)
}

/// The role owns an empty schema, and nothing else: it may not make one.
#[test]
fn a_role_needs_no_more_than_its_schema() {
    let schema = Schema::unmade();
    let (name, role) = (&schema.name, format!("{}_role", schema.name.as_str().replace('"', "")));
    sql(&format!(
        "CREATE ROLE \"{role}\"; GRANT \"{role}\" TO CURRENT_USER;
         CREATE SCHEMA {name} AUTHORIZATION \"{role}\""
    ));
    let as_role = format!("options=-c%20role%3D{}", role.replace(' ', "%5C%20"));
    let store = block_on(schema.options().connect(&url_with(&as_role))).unwrap();
    apply(&store, 0);
    assert_eq!(revision(&store, 0), Some(Revision::FIRST));
    let owner = sql(&format!(
        "SELECT DISTINCT pg_get_userbyid(c.relowner) FROM pg_class AS c
         JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $name${}$name$",
        name.as_str()
    ));
    assert_eq!(owner[0].get::<String, _>(0), role);
    let elsewhere = Schema::unmade();
    let refused = block_on(elsewhere.options().connect(&url_with(&as_role))).unwrap_err();
    assert!(matches!(refused, StoreError::Open(_)), "{refused:?}");
    drop(store);
    sql(&format!("DROP OWNED BY \"{role}\" CASCADE; DROP ROLE \"{role}\""));
}

/// Whatever a session looks for tables in, the store's functions find their own.
#[test]
fn the_path_of_a_session_leads_nobody_astray() {
    let (schema, decoy) = (Schema::new(), Schema::new());
    drop((schema.open(), decoy.open()));
    let path = decoy.name.as_str().replace('"', "%22%22").replace(' ', "%5C%20");
    let url = url_with(&format!("options=-c%20search_path%3D%22{path}%22"));
    let store = block_on(schema.options().connect(&url)).unwrap();
    apply(&store, 0);
    assert_eq!(revision(&schema.open(), 0), Some(Revision::FIRST));
    assert_eq!(revision(&decoy.open(), 0), None);
}
