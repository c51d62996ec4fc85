//! Where icons and screenshots are kept, and who scans them.

use std::path::{Path, PathBuf};

use fleetprompt_core::media::{
    ClamAddress, S3Bucket, S3Config, S3Credentials, S3Endpoint, S3Prefix, S3Region,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::forms::{masked, parsed, parsed_if_any, shown, shown_if_any};
use crate::failure::{Failure, Outcome};

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct MediaSettings {
    #[serde(default)]
    folder: Option<PathBuf>,
    #[serde(default)]
    s3: Option<S3Settings>,
    #[serde(default, deserialize_with = "parsed_if_any", serialize_with = "shown_if_any")]
    clamav: Option<ClamAddress>,
    /// Takes uploads without having them scanned.
    #[serde(default)]
    unscanned: bool,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct S3Settings {
    #[serde(deserialize_with = "parsed", serialize_with = "shown")]
    bucket: S3Bucket,
    #[serde(deserialize_with = "parsed", serialize_with = "shown")]
    region: S3Region,
    #[serde(default, deserialize_with = "parsed_if_any", serialize_with = "shown_if_any")]
    endpoint: Option<S3Endpoint>,
    #[serde(default, deserialize_with = "parsed", serialize_with = "shown")]
    prefix: S3Prefix,
    #[serde(default, serialize_with = "masked")]
    access_key_id: Option<SecretString>,
    #[serde(default, serialize_with = "masked")]
    secret_access_key: Option<SecretString>,
    #[serde(default, serialize_with = "masked")]
    session_token: Option<SecretString>,
}

/// Where media are kept.
pub(crate) enum MediaPlace<'a> {
    Folder(&'a Path),
    S3(S3Config),
}

impl MediaSettings {
    pub(crate) fn place(&self) -> Outcome<MediaPlace<'_>> {
        match (&self.folder, &self.s3) {
            (Some(folder), None) => Ok(MediaPlace::Folder(folder)),
            (None, Some(s3)) => s3.config().map(MediaPlace::S3),
            _ => Err(Failure::usage("media: images are kept in a folder or in S3")
                .hint("Give media.folder, or media.s3.bucket and media.s3.region; not both.")),
        }
    }

    /// Who scans uploads; `None` if they are taken without.
    pub(crate) fn scanner(&self) -> Outcome<Option<&ClamAddress>> {
        match (&self.clamav, self.unscanned) {
            (Some(address), false) => Ok(Some(address)),
            (None, true) => Ok(None),
            _ => Err(Failure::usage("media: uploads are scanned by ClamAV, or not at all")
                .hint("Give media.clamav an address, or set media.unscanned = true; not both.")),
        }
    }
}

impl S3Settings {
    fn config(&self) -> Outcome<S3Config> {
        let credentials = match (&self.access_key_id, &self.secret_access_key) {
            (Some(key_id), Some(secret)) => S3Credentials::Given {
                key_id: key_id.clone(),
                secret: secret.clone(),
                session: self.session_token.clone(),
            },
            (None, None) if self.session_token.is_none() => S3Credentials::Environment,
            _ => {
                return Err(Failure::usage(
                    "media.s3: access-key-id and secret-access-key belong together",
                )
                .hint("Without both, those that AWS_ACCESS_KEY_ID and its like name are used."));
            }
        };
        Ok(S3Config {
            bucket: self.bucket.clone(),
            region: self.region.clone(),
            endpoint: self.endpoint.clone(),
            prefix: self.prefix.clone(),
            credentials,
        })
    }
}
