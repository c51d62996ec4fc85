//! `export`: the catalogue in JSON Lines, a page at a time.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use fleetprompt_core::Acting;
use fleetprompt_core::marketplace::ExportCursor;
use fleetprompt_core::port::PageSize;
use tempfile::NamedTempFile;

use crate::assemble;
use crate::cli::ExportArgs;
use crate::failure::{Failure, Outcome};
use crate::output::note;
use crate::settings::Settings;

pub(super) async fn run(settings: &Settings, args: ExportArgs) -> Outcome {
    let (_, market) = assemble::existing(settings).await?;
    let operator = assemble::operator(settings, &market)?;
    let lines = match &args.output {
        Some(path) => into_file(&operator, path).await?,
        None => {
            let failed = |error| Failure::unwritten(&error);
            write(&operator, &mut BufWriter::new(io::stdout()), failed).await?
        }
    };
    note!("{lines} lines exported");
    Ok(())
}

/// The file appears when it is whole, and takes no other's place.
async fn into_file(operator: &Acting, path: &Path) -> Outcome<u64> {
    let failed = |error: io::Error| Failure::file(path, &error);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
    let lines = write(operator, &mut BufWriter::new(&mut file), failed).await?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist_noclobber(path).map_err(|error| failed(error.error))?;
    Ok(lines)
}

async fn write(
    operator: &Acting,
    to: &mut (impl Write + Send),
    failed: impl Fn(io::Error) -> Failure,
) -> Outcome<u64> {
    let (mut lines, mut next) = (0, Some(ExportCursor::default()));
    while let Some(cursor) = next {
        let page = operator.export(&cursor, PageSize::MAX).await?;
        for entry in &page.entries {
            serde_json::to_writer(&mut *to, entry).map_err(|error| failed(error.into()))?;
            to.write_all(b"\n").map_err(&failed)?;
            lines += 1;
        }
        next = page.next;
    }
    to.flush().map_err(failed)?;
    Ok(lines)
}
