//! What a caller notices when others fail beside it.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use tempfile::TempDir;

use super::*;
use crate::open::{Access, connect, prepare};
use crate::options::SqliteOptions;

const PATIENCE: Duration = Duration::from_secs(5);

/// A writer, the file it writes, and how many transactions it has committed.
struct Setup {
    // Dropped before the folder.
    writer: Writer,
    committed: Arc<AtomicUsize>,
    folder: TempDir,
}

impl Setup {
    fn new(room: usize, options: &SqliteOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("market.db");
        prepare(&path, options).unwrap();
        let conn = connect(&path, Access::Write, options).unwrap();
        let committed = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&committed);
        let hook = move || {
            count.fetch_add(1, Ordering::SeqCst);
            false
        };
        conn.commit_hook(Some(hook)).unwrap();
        let place = Arc::new(Place::of(&path).unwrap());
        let file = OpenFile { conn, place, patience: PATIENCE };
        Setup { writer: Writer::start(file, room, 256).unwrap(), committed, folder }
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("market.db")
    }

    /// Lets `futures` wait together while the writer is held up, and answers their outcomes.
    fn together<T: Send + 'static>(
        &self,
        works: Vec<impl Fn(&mut Batch<'_>) -> Result<T, Fault> + Send + 'static>,
    ) -> Vec<Result<T, StoreError>> {
        let (begun, begins) = mpsc::channel();
        let (go, gate) = mpsc::channel::<()>();
        let mut answers = Vec::new();
        thread::scope(|scope| {
            scope.spawn(move || {
                pollster::block_on(self.writer.submit(move |_| {
                    begun.send(()).unwrap();
                    let _: () = gate.recv().unwrap();
                    Ok(())
                }))
                .unwrap();
            });
            begins.recv().unwrap();
            for work in works {
                let (caller, answer) = oneshot::channel();
                let job = Work { run: work, done: None, caller };
                assert_eq!(self.writer.queue.push(Box::new(job)), Ok(()));
                answers.push(answer);
            }
            go.send(()).unwrap();
        });
        answers.into_iter().map(|answer| pollster::block_on(answer).unwrap()).collect()
    }
}

fn add(batch: &Batch<'_>, name: &str) -> Result<(), Fault> {
    batch.conn.execute("INSERT INTO counter VALUES ('test', ?1, 1)", [name])?;
    Ok(())
}

fn names(path: &Path) -> Vec<String> {
    let conn = connect(path, Access::Read, &SqliteOptions::default()).unwrap();
    let mut statement = conn.prepare("SELECT name FROM counter ORDER BY name").unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

type Boxed = Box<dyn Fn(&mut Batch<'_>) -> Result<(), Fault> + Send>;

fn adding(name: &'static str) -> Boxed {
    Box::new(move |batch| add(batch, name))
}

#[test]
fn what_waits_together_shares_a_transaction() {
    let setup = Setup::new(100, &SqliteOptions::default());
    let before = setup.committed.load(Ordering::SeqCst);
    let works: Vec<_> =
        (0..64).map(|n| move |batch: &mut Batch<'_>| add(batch, &n.to_string())).collect();
    assert!(setup.together(works).iter().all(Result::is_ok));
    assert_eq!(names(&setup.path()).len(), 64);
    // One for whoever held the writer up, which writes nothing, and one for all others.
    assert!(setup.committed.load(Ordering::SeqCst) - before <= 2);
}

#[test]
fn one_that_fails_halfway_leaves_nothing_and_harms_nobody() {
    let setup = Setup::new(100, &SqliteOptions::default());
    let outcomes = setup.together(vec![
        adding("before"),
        Box::new(|batch: &mut Batch<'_>| {
            add(batch, "halfway")?;
            Err(StoreError::Corrupt("test").into())
        }),
        adding("after"),
    ]);
    assert_eq!(outcomes, [Ok(()), Err(StoreError::Corrupt("test")), Ok(())]);
    assert_eq!(names(&setup.path()), ["after", "before"]);
}

#[test]
fn one_that_panics_is_answered_and_the_writer_goes_on() {
    let setup = Setup::new(100, &SqliteOptions::default());
    let outcomes = setup.together(vec![
        adding("before"),
        Box::new(|batch: &mut Batch<'_>| {
            add(batch, "halfway")?;
            panic!("a defect")
        }),
        adding("after"),
    ]);
    assert!(matches!(outcomes.as_slice(), [Ok(()), Err(StoreError::Unavailable(_)), Ok(())]));
    assert_eq!(names(&setup.path()), ["after", "before"]);
    pollster::block_on(setup.writer.submit(|batch| add(batch, "later"))).unwrap();
    assert_eq!(names(&setup.path()), ["after", "before", "later"]);
}

#[test]
fn one_that_does_not_fit_leaves_the_room_to_the_others() {
    let options = SqliteOptions::default().max_bytes(1 << 20);
    let setup = Setup::new(100, &options);
    let outcomes = setup.together(vec![
        adding("before"),
        Box::new(|batch: &mut Batch<'_>| add(batch, &"large ".repeat(1 << 20))),
        adding("after"),
    ]);
    assert_eq!(outcomes, [Ok(()), Err(StoreError::Full), Ok(())]);
    assert_eq!(names(&setup.path()), ["after", "before"]);
}

#[test]
fn one_too_many_is_turned_away_at_once() {
    let setup = Setup::new(2, &SqliteOptions::default());
    let (begun, begins) = mpsc::channel();
    let (go, gate) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(|| {
            pollster::block_on(setup.writer.submit(move |_| {
                begun.send(()).unwrap();
                let _: () = gate.recv().unwrap();
                Ok(())
            }))
        });
        begins.recv().unwrap();
        for _ in 0..2 {
            let job = Work { run: adding("waits"), done: None, caller: oneshot::channel().0 };
            assert_eq!(setup.writer.queue.push(Box::new(job)), Ok(()));
        }
        let refused = pollster::block_on(setup.writer.submit(|batch| add(batch, "late")));
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        go.send(()).unwrap();
    });
}

#[test]
fn what_was_let_in_is_written_before_the_store_closes() {
    let Setup { writer, folder, .. } = Setup::new(100, &SqliteOptions::default());
    for name in ["one", "two", "three"] {
        let job = Work { run: adding(name), done: None, caller: oneshot::channel().0 };
        assert_eq!(writer.queue.push(Box::new(job)), Ok(()));
    }
    drop(writer);
    assert_eq!(names(&folder.path().join("market.db")), ["one", "three", "two"]);
}
