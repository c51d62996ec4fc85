//! Which processor does the work, how long it works, and how much memory that takes.

use std::fs;
use std::time::Duration;

/// Where the server runs, and where the generator does.
pub(crate) const SERVER: usize = 0;
pub(crate) const GENERATOR: usize = 1;

/// Keeps this thread, and all that it starts from now on, to one processor.
#[cfg(target_os = "linux")]
pub(crate) fn pin(processor: usize) {
    let mut set = rustix::thread::CpuSet::new();
    set.set(processor);
    rustix::thread::sched_setaffinity(None, &set).unwrap();
}

/// Elsewhere the system decides, and figures mean less.
#[cfg(not(target_os = "linux"))]
pub(crate) fn pin(_: usize) {}

/// How long the threads of a process have worked so far, those that ended aside.
pub(crate) fn worked(process: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
    let nanos = threads.filter_map(|thread| {
        let file = thread.ok()?.path().join("schedstat");
        fs::read_to_string(file).ok()?.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// The memory of a process, in bytes: all that is resident, and of that what no file backs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    pub(crate) resident: u64,
    pub(crate) anonymous: u64,
}

impl Memory {
    pub(crate) fn of(process: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let kilobytes = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
            line.split_whitespace().next().unwrap().parse::<u64>().unwrap()
        };
        Memory { resident: kilobytes("VmRSS:") << 10, anonymous: kilobytes("RssAnon:") << 10 }
    }
}
