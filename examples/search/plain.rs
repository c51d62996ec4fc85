//! One query a line from standard input, and plain text to standard output: for pipes.

use std::io::{self, BufRead, Write};

use fleetprompt_core::port::PageSize;
use fleetprompt_examples::Outcome;

use crate::line::{Line, Look};
use crate::model::Model;
use crate::visitor::Visitor;
use crate::words;

/// Answers each line of `queries`. It is no failure if nobody reads the answers to their end.
pub(crate) async fn search(
    visitor: &Visitor,
    mut model: Model,
    limit: PageSize,
    queries: impl BufRead,
    mut answers: impl Write,
) -> Outcome {
    for query in queries.split(b'\n') {
        model.prompt = String::from_utf8_lossy(&query?).into_owned();
        let page = visitor.page(&model.request(), None, limit).await?;
        let mut lines = vec![format!("> {}", model.prompt)];
        lines.extend(words::notices(&page));
        lines.extend(page.counts.as_ref().map(words::found));
        for hit in &page.items {
            let listing = &hit.listing;
            let title = &listing.content.title;
            lines.push(format!(
                "{}  {title}  ({})",
                words::address(listing),
                words::labels(listing)
            ));
            lines.push(format!("    {}", listing.content.summary));
        }
        lines.push(String::new());
        match write(&mut answers, &lines) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
    }
    Ok(())
}

fn write(answers: &mut impl Write, lines: &[String]) -> io::Result<()> {
    for line in lines {
        writeln!(answers, "{}", Line::default().with(Look::Plain, line))?;
    }
    answers.flush()
}
