//! The lines of a catalogue in JSON Lines, as they are read.

use std::io::{self, BufRead, Read as _};

use super::import_line::IMPORT_LINE_MAX_BYTES;

/// What is kept of a line: as much as it may have, and its end, which may be two bytes.
const KEPT_MAX_BYTES: u64 = IMPORT_LINE_MAX_BYTES as u64 + 2;

/// The lines of a catalogue that are not blank, without their ends, for
/// [`ImportLine::parse`](super::ImportLine::parse) or
/// [`CatalogueLine::parse`](super::CatalogueLine::parse).
///
/// However long a line is, no more than [`IMPORT_LINE_MAX_BYTES`] and two bytes of it are kept: one that
/// is longer is cut behind the bound, so that parsing refuses it for its length. What is not UTF-8 is
/// replaced by U+FFFD.
///
/// Each item is an error when the reader fails. Reading blocks; a program that serves others meanwhile
/// reads on a thread of its own.
///
/// ```
/// use fleetprompt_core::marketplace::{ImportLine, ImportLines};
/// let file = "{\"publisher\":\"acme\"}\n\n{\"publisher\":7}\n";
/// let mut lines = ImportLines::new(file.as_bytes());
/// let mut refused = Vec::new();
/// while let Some(line) = lines.next().transpose()? {
///     if let Err(error) = ImportLine::parse(&line, false) {
///         refused.push(format!("line {}: {error}", lines.number()));
///     }
/// }
/// assert_eq!(refused[0], "line 1: slug is missing");
/// assert!(refused[1].starts_with("line 3: "));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ImportLines<R> {
    reader: R,
    number: u64,
}

impl<R: BufRead> ImportLines<R> {
    /// Nothing is read yet.
    pub fn new(reader: R) -> Self {
        ImportLines { reader, number: 0 }
    }

    /// The number of the line that was read last, blank ones counted; the first is 1. While nothing has
    /// been read it is 0.
    pub fn number(&self) -> u64 {
        self.number
    }

    fn read(&mut self) -> io::Result<Option<String>> {
        loop {
            let mut line = Vec::new();
            if self.reader.by_ref().take(KEPT_MAX_BYTES).read_until(b'\n', &mut line)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            let is_cut = line.len() as u64 == KEPT_MAX_BYTES && !line.ends_with(b"\n");
            if is_cut {
                self.reader.skip_until(b'\n')?;
            } else if let Some(ended) = line.strip_suffix(b"\n") {
                line.truncate(ended.strip_suffix(b"\r").unwrap_or(ended).len());
            }
            if is_cut || !line.trim_ascii().is_empty() {
                return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
            }
        }
    }
}

impl<R: BufRead> Iterator for ImportLines<R> {
    type Item = io::Result<String>;

    fn next(&mut self) -> Option<io::Result<String>> {
        self.read().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marketplace::CatalogueLine;

    /// The lines with their numbers.
    fn lines(text: &[u8]) -> Vec<(u64, String)> {
        let mut lines = ImportLines::new(text);
        let mut read = Vec::new();
        while let Some(line) = lines.next() {
            read.push((lines.number(), line.unwrap()));
        }
        read
    }

    #[test]
    fn lines_are_numbered_as_they_stand_and_blank_ones_left_out() {
        let read = lines(b"\n one\r\n \t\r\ntwo\n\nthr\xffee");
        let expected = [(2, " one"), (4, "two"), (6, "thr\u{fffd}ee")];
        assert_eq!(read, expected.map(|(number, line)| (number, line.to_owned())));
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn a_line_as_long_as_it_may_be_is_whole_and_a_longer_one_is_cut_and_refused() {
        let long = |bytes: usize| format!("{{{}}}", " ".repeat(bytes - 2));
        for end in ["\n", "\r\n", ""] {
            let fits = long(IMPORT_LINE_MAX_BYTES);
            let text = format!("{fits}\n{}{end}", long(IMPORT_LINE_MAX_BYTES));
            let whole = [(1, fits.clone()), (2, fits.clone())];
            assert_eq!(lines(text.as_bytes()), whole);
        }
        // What stands behind the bound is not known to be blank.
        let blank = " ".repeat(2 * IMPORT_LINE_MAX_BYTES);
        let begun = format!("{{}}{blank}");
        for too_long in [long(IMPORT_LINE_MAX_BYTES + 1), long(1 << 20), begun, blank] {
            let read = lines(format!("{too_long}\nnext").as_bytes());
            assert!(read[0].1.len() <= IMPORT_LINE_MAX_BYTES + 2);
            let refused = CatalogueLine::parse(&read[0].1, false).unwrap_err().to_string();
            assert!(refused.contains("at most"), "{refused}");
            assert_eq!(read[1..], [(2, "next".to_owned())]);
        }
    }
}
