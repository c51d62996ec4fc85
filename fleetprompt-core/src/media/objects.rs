//! Media in a folder, or in any store that the crate `object_store` knows.

use std::collections::BTreeSet;
use std::error::Error as _;
use std::sync::Arc;
use std::{fmt, io};

use futures_util::TryStreamExt as _;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _};
use url::Url;

use crate::domain::bounds::MAX_STORED_IMAGE_BYTES;
use crate::port::{MediaError, MediaFuture, MediaName, MediaStore, PageSize};

/// Keeps media in an object store: a folder, S3 and what is compatible with it, and others.
///
/// The folder is built in, and with the feature `s3`, S3 is. For the others a host depends on
/// [`object_store`] itself, in the same version and with the feature of its provider (`gcp`, `azure`);
/// [`at`](Self::at) then understands their URLs. All but the folder need their futures to be driven by tokio.
///
/// ```
/// use std::sync::Arc;
/// use fleetprompt_core::media::{ObjectMedia, object_store};
/// use fleetprompt_core::port::{MediaStore, PageSize};
/// // For tests; `object_store` has one for each large provider as well.
/// let media = ObjectMedia::new(Arc::new(object_store::memory::InMemory::new()));
/// assert_eq!(pollster::block_on(media.list(None, PageSize::MAX)), Ok(vec![]));
/// ```
#[derive(Clone)]
pub struct ObjectMedia {
    objects: Arc<dyn ObjectStore>,
    root: Path,
}

impl ObjectMedia {
    /// Keeps media at the root of `objects`. What it holds besides is left alone.
    pub fn new(objects: Arc<dyn ObjectStore>) -> Self {
        Self::at_root(objects, Path::default())
    }

    pub(super) fn at_root(objects: Arc<dyn ObjectStore>, root: Path) -> Self {
        ObjectMedia { objects, root }
    }

    /// Keeps media in a folder, which is made if it is not there. Each file is flushed to the disk,
    /// and appears whole.
    ///
    /// # Errors
    /// [`MediaError::Unavailable`] when the folder can't be made or opened.
    ///
    /// ```
    /// use fleetprompt_core::media::ObjectMedia;
    /// let folder = std::env::temp_dir().join(format!("fleetprompt-media-{}", std::process::id()));
    /// let media = ObjectMedia::in_folder(&folder)?;
    /// # std::fs::remove_dir_all(&folder).unwrap();
    /// # Ok::<(), fleetprompt_core::port::MediaError>(())
    /// ```
    pub fn in_folder(folder: &std::path::Path) -> Result<Self, MediaError> {
        std::fs::create_dir_all(folder).map_err(|cause| {
            tracing::error!(%cause, "the folder for media can't be made");
            MediaError::Unavailable("the folder can't be made")
        })?;
        let objects = LocalFileSystem::new_with_prefix(folder).map_err(failed)?;
        Ok(Self::new(Arc::new(objects.with_fsync(true))))
    }

    /// Keeps media where a URL leads: `file:///var/lib/fleetprompt/media`, `s3://bucket/prefix`
    /// and so on, with the provider's options by their names (`aws_region`, `aws_endpoint`, …).
    ///
    /// # Errors
    /// [`MediaError::Unavailable`] for a URL that leads nowhere, or to a provider whose feature of
    /// `object_store` is off.
    ///
    /// ```
    /// use fleetprompt_core::media::ObjectMedia;
    /// let url = "az://container/media".parse()?;
    /// let options = [("azure_storage_account_name", "acme")];
    /// // Without the feature `azure` of `object_store`, nobody understands it.
    /// assert!(ObjectMedia::at(&url, options).is_err());
    /// # Ok::<(), url::ParseError>(())
    /// ```
    pub fn at<K: AsRef<str>, V: Into<String>>(
        url: &Url,
        options: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, MediaError> {
        if url.scheme() == "file" {
            let folder = url.to_file_path();
            return Self::in_folder(
                &folder.map_err(|()| MediaError::Unavailable("the URL names no folder"))?,
            );
        }
        #[cfg(feature = "s3")]
        super::s3::expect_cryptography();
        let (objects, root) = object_store::parse_url_opts(url, options).map_err(failed)?;
        Ok(Self::at_root(objects.into(), root))
    }

    fn path(&self, name: &MediaName) -> Path {
        let name = Path::from(name.to_string());
        self.root.parts().chain(name.parts()).collect()
    }

    /// The name of what lies at `path`, if it is ours.
    fn name(&self, path: &Path) -> Option<MediaName> {
        let parts: Vec<_> = path.prefix_match(&self.root)?.collect();
        let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
        parts.join("/").parse().ok()
    }

    /// Tells an object that is not there from a bucket that is not: stores answer the same for both.
    async fn still_there(&self) -> Result<(), MediaError> {
        self.objects.list_with_delimiter(Some(&self.root)).await.map_err(failed)?;
        Ok(())
    }

    /// The folders that there are, from that of `after` on, in order.
    async fn shards(&self, after: Option<&MediaName>) -> Result<BTreeSet<u8>, MediaError> {
        let first = after.map_or(0, MediaName::shard);
        let listed = self.objects.list_with_delimiter(Some(&self.root)).await.map_err(failed)?;
        let folders = listed.common_prefixes.iter().filter_map(Path::filename);
        let numbers = folders
            .filter(|name| name.len() == 2 && *name == name.to_ascii_lowercase())
            .filter_map(|name| u8::from_str_radix(name, 16).ok());
        Ok(numbers.filter(|shard| *shard >= first).collect())
    }

    /// The first `size` names behind `after` in one folder. Stores list in an order of their own.
    async fn names(
        &self,
        shard: u8,
        after: Option<&MediaName>,
        size: usize,
    ) -> Result<BTreeSet<MediaName>, MediaError> {
        let folder = self.root.clone().join(format!("{shard:02x}"));
        let mut listed = self.objects.list(Some(&folder));
        let mut names = BTreeSet::new();
        while let Some(meta) = listed.try_next().await.map_err(failed)? {
            let name = self.name(&meta.location);
            names.extend(name.filter(|name| after.is_none_or(|after| name > after)));
            if names.len() > size {
                names.pop_last();
            }
        }
        Ok(names)
    }
}

/// Where media are kept. What else the stores tell of themselves names keys.
impl fmt::Debug for ObjectMedia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectMedia({}, {:?})", self.objects, self.root.as_ref())
    }
}

impl MediaStore for ObjectMedia {
    fn put<'a>(&'a self, name: &'a MediaName, bytes: Vec<u8>) -> MediaFuture<'a, ()> {
        Box::pin(async move {
            self.objects.put(&self.path(name), bytes.into()).await.map_err(failed)?;
            Ok(())
        })
    }

    fn get<'a>(&'a self, name: &'a MediaName) -> MediaFuture<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let found = match self.objects.get(&self.path(name)).await {
                Ok(found) => found,
                Err(Error::NotFound { .. }) => return self.still_there().await.map(|()| None),
                Err(error) => return Err(failed(error)),
            };
            if found.meta.size > MAX_STORED_IMAGE_BYTES as u64 {
                return Err(MediaError::Unavailable("an object is larger than any image"));
            }
            Ok(Some(found.bytes().await.map_err(failed)?.into()))
        })
    }

    fn delete<'a>(&'a self, name: &'a MediaName) -> MediaFuture<'a, ()> {
        Box::pin(async move {
            match self.objects.delete(&self.path(name)).await {
                Ok(()) => Ok(()),
                Err(Error::NotFound { .. }) => self.still_there().await,
                Err(error) => Err(failed(error)),
            }
        })
    }

    fn list<'a>(
        &'a self,
        after: Option<&'a MediaName>,
        size: PageSize,
    ) -> MediaFuture<'a, Vec<MediaName>> {
        Box::pin(async move {
            let size = usize::from(size.get());
            let mut page = Vec::new();
            for shard in self.shards(after).await? {
                page.extend(self.names(shard, after, size - page.len()).await?);
                if page.len() == size {
                    break;
                }
            }
            Ok(page)
        })
    }
}

/// A failure in the words of the port. Of its cause only the kind is logged: the text may hold a
/// path, and what a server answers repeats parts of the request, its key among them.
pub(super) fn failed(error: Error) -> MediaError {
    let (mut io, mut refused) = (None, None);
    let mut cause = error.source();
    while let Some(error) = cause {
        io = error.downcast_ref::<io::Error>().map(io::Error::kind).or(io);
        refused = refused.or_else(|| refusal(&error.to_string()));
        cause = error.source();
    }
    let what = match &error {
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => REFUSED,
        Error::NotFound { .. } => NO_PLACE,
        _ => refused.unwrap_or("the object store failed"),
    };
    tracing::warn!(io = ?io, "{what}");
    match io {
        Some(io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => MediaError::Full,
        _ => MediaError::Unavailable(what),
    }
}

const REFUSED: &str = "the object store refused the credentials";
const NO_PLACE: &str = "the object store has no such place";

/// What a server of S3's protocol refuses, by the code of its answer ("Error responses" of S3's reference).
/// The status would not do: an expired session is 400, and of a failed list it is not told.
fn refusal(answer: &str) -> Option<&'static str> {
    let (code, _) = answer.split_once("<Code>")?.1.split_once("</Code>")?;
    match code {
        "AccessDenied"
        | "ExpiredToken"
        | "InvalidAccessKeyId"
        | "InvalidToken"
        | "SignatureDoesNotMatch" => Some(REFUSED),
        "NoSuchBucket" => Some(NO_PLACE),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
