//! What is printed. Whoever reads it may go away before the end, as `| head` does: that neither panics
//! nor ends a command in the middle of its work, which the exit code tells of once it is done.

use std::fmt;
use std::io::{self, Write};
use std::sync::OnceLock;

use indicatif::{ProgressBar, ProgressStyle};

use crate::failure::{Failure, Outcome};

/// Why standard output takes no more; nothing is written to it after that.
static BROKEN: OnceLock<io::Error> = OnceLock::new();

/// Prints a line on standard output.
macro_rules! tell {
    ($($text:tt)*) => { $crate::output::print(format_args!("{}\n", format_args!($($text)*))) };
}

/// Prints a line on standard error.
macro_rules! note {
    ($($text:tt)*) => { $crate::output::print_error(format_args!($($text)*)) };
}

pub(crate) use {note, tell};

/// Prints whole lines on standard output.
pub(crate) fn print(lines: impl fmt::Display) {
    if BROKEN.get().is_some() {
        return;
    }
    let mut out = io::stdout().lock();
    if let Err(error) = write!(out, "{lines}").and_then(|()| out.flush()) {
        // Nobody else can have set it, under the lock.
        let _ = BROKEN.set(error);
    }
}

/// Prints a line on standard error. When that can't be, there is nowhere left to say so.
pub(crate) fn print_error(line: impl fmt::Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// A bar on standard error that shows how far a command has come, by a template of `indicatif`.
pub(crate) fn bar(template: &str) -> Outcome<ProgressBar> {
    let style = ProgressStyle::with_template(template);
    let style = style.map_err(|error| Failure::failed(error.to_string()))?;
    Ok(ProgressBar::no_length().with_style(style))
}

/// Whether all was printed.
pub(crate) fn finish() -> Outcome {
    BROKEN.get().map_or(Ok(()), |error| Err(Failure::unwritten(error)))
}
