//! Catalogues that come and go whole, as JSON Lines.

mod catalogue_entry;
mod exporting;
mod import_entry;
mod import_line;
mod import_lines;
mod importing;

pub use catalogue_entry::{
    CatalogueEntry, CatalogueLine, CatalogueLineError, CatalogueStage, DeprecationEntry,
    EntryAsset, EntryBadge, ListingEntry, PublisherEntry, ReleaseEntry, SuspensionEntry,
    TakedownEntry,
};
pub use exporting::{ExportCursor, ExportPage};
pub use import_entry::{EntryImported, EntryOutcome};
pub use import_line::{IMPORT_LINE_MAX_BYTES, ImportLine};
pub use import_lines::ImportLines;
pub use importing::{ImportOutcome, ImportRow, Imported};
