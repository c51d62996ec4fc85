//! What uploads need, ready made: each adapter behind a feature of its own.
//!
//! | adapter | feature | port |
//! | --- | --- | --- |
//! | `Images` | `images` | [`Redraw`](crate::port::Redraw): reads an image within bounds, draws it anew |
//! | `ObjectMedia` | `object-store` | [`MediaStore`](crate::port::MediaStore): a folder, or any object store |
//! | `ClamAv` | `clamav` | [`UploadScanner`](crate::port::UploadScanner): ClamAV's daemon |
//!
//! None of them needs a runtime of its own: what takes long is done by a few threads, and the
//! futures can be driven by any executor.

#[cfg(feature = "clamav")]
mod clamav;
#[cfg(feature = "images")]
mod images;
#[cfg(feature = "object-store")]
mod objects;
#[cfg(any(feature = "clamav", feature = "images"))]
mod workers;

#[cfg(feature = "clamav")]
pub use clamav::{ClamAddress, ClamAv};
#[cfg(feature = "images")]
pub use images::{Images, redraw};
#[cfg(feature = "object-store")]
pub use objects::ObjectMedia;
