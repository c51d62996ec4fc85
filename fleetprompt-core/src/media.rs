//! What uploads need, ready made: each adapter behind a feature of its own.
//!
//! | adapter | feature | port |
//! | --- | --- | --- |
//! | `Images` | `images` | [`Redraw`](crate::port::Redraw): reads an image within bounds, draws it anew |
//! | `ObjectMedia` | `object-store` | [`MediaStore`](crate::port::MediaStore): a folder, or any object store |
//! | the same, with `S3Config` | `s3` | the same: S3, or what speaks its protocol |
//! | `ClamAv` | `clamav` | [`UploadScanner`](crate::port::UploadScanner): ClamAV's daemon |
//!
//! None of them but S3 needs a runtime of its own: what takes long is done by a few threads, and the
//! futures can be driven by any executor. Those of S3 need tokio.

#[cfg(feature = "clamav")]
mod clamav;
#[cfg(feature = "images")]
mod images;
#[cfg(feature = "object-store")]
mod objects;
#[cfg(feature = "s3")]
mod s3;
#[cfg(any(feature = "clamav", feature = "images"))]
mod workers;

#[cfg(feature = "clamav")]
pub use clamav::{ClamAddress, ClamAv};
#[cfg(feature = "images")]
pub use images::{Images, redraw};
/// The crate whose stores [`ObjectMedia`] keeps media in, in the version that it understands.
#[cfg(feature = "object-store")]
pub use object_store;
#[cfg(feature = "object-store")]
pub use objects::ObjectMedia;
#[cfg(feature = "s3")]
pub use s3::{S3Bucket, S3Config, S3Credentials, S3Endpoint, S3Prefix, S3Region};
