//! What uploads leave in a bucket, who reads it, and what happens without leave.

use std::io::{Cursor, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use fleetprompt_core::conformance::ManualClock;
use fleetprompt_core::domain::{
    Asset, AssetKind, IdempotencyKey, ImageUpload, ListingContent, ListingId, OwningSystem,
    PersonIdentity, PublisherProfile, Sha256Digest, Span, SystemRegistry, TenantIdentity, UploadId,
};
use fleetprompt_core::marketplace::{NewListing, NewPublisher};
use fleetprompt_core::media::{Images, ObjectMedia, S3Config, S3Credentials};
use fleetprompt_core::memory::{MemoryMedia, MemoryStore};
use fleetprompt_core::port::{MediaError, MediaName, MediaStore, PageSize, Principal};
use fleetprompt_core::token::{KeyRing, MasterKey};
use fleetprompt_core::{Acting, ErrorCode, ErrorKind, Marketplace};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

fn told(name: &str) -> String {
    std::env::var(name).expect("the test needs a server: scripts/with-s3 cargo nextest run …")
}

/// Whoever may use the bucket.
fn member() -> S3Credentials {
    let [key_id, secret] = ["FLEETPROMPT_TEST_S3_KEY_ID", "FLEETPROMPT_TEST_S3_SECRET"].map(told);
    S3Credentials::Given { key_id: key_id.into(), secret: secret.into(), session: None }
}

/// A key that is known, with another secret; and a key that nobody knows.
fn strangers() -> [S3Credentials; 2] {
    let known = told("FLEETPROMPT_TEST_S3_KEY_ID");
    [known, "AKIACANARYCANARYCANA".to_owned()].map(|key_id| S3Credentials::Given {
        key_id: key_id.into(),
        secret: "canary-of-a-secret".into(),
        session: Some("canary-of-a-session".into()),
    })
}

/// A place of its own in the bucket for each test, whatever ran there before.
fn place(name: &str) -> String {
    format!("{name}-{}", std::process::id())
}

fn config(prefix: &str, credentials: S3Credentials) -> S3Config {
    S3Config {
        bucket: "media".parse().unwrap(),
        region: "eu-central-1".parse().unwrap(),
        endpoint: Some(told("FLEETPROMPT_TEST_S3").parse().unwrap()),
        prefix: prefix.parse().unwrap(),
        credentials,
    }
}

fn media(prefix: &str, credentials: S3Credentials) -> ObjectMedia {
    ObjectMedia::in_s3(&config(prefix, credentials)).unwrap()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn name(n: u8) -> MediaName {
    MediaName {
        listing: ListingId::from_bytes([7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, n % 3]),
        upload: UploadId::from_bytes([n; 16]),
        digest: Sha256Digest::of(&[n]),
    }
}

async fn all(store: &dyn MediaStore, step: u16) -> Vec<MediaName> {
    let mut names = Vec::new();
    loop {
        let page = store.list(names.last(), PageSize::new(step)).await.unwrap();
        let full = page.len() == usize::from(step);
        names.extend(page);
        if !full {
            return names;
        }
    }
}

/// A listing of a marketplace that keeps its media there, and its owner.
struct Market {
    market: Marketplace,
    ada: Acting,
    listing: ListingId,
    clock: ManualClock,
}

fn key() -> IdempotencyKey {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("a-key-of-the-test-{}", NEXT.fetch_add(1, Ordering::SeqCst)).parse().unwrap()
}

async fn market(media: ObjectMedia, clock: &ManualClock) -> Marketplace {
    let whs = OwningSystem {
        name: "whs".parse().unwrap(),
        audience: "whs".parse().unwrap(),
        issuer: "https://id.example".parse().unwrap(),
        client: "whs".parse().unwrap(),
        kinds: vec![AssetKind::WhsAgent],
        deep_link: "https://whs.example/i?u={upstreamId}&a={attemptId}".parse().unwrap(),
        requires_confirmation: true,
    };
    let builder = Marketplace::builder(MemoryStore::default())
        .keys(KeyRing::single(MasterKey::from_bytes(&[7; 32]).unwrap()))
        .issuer("https://market.example".parse().unwrap())
        .systems(SystemRegistry::new(vec![whs], &["whs.example"]).unwrap())
        .clock(Arc::new(clock.clone()))
        .media(Arc::new(media))
        .redraw(Arc::new(Images::new(1)))
        .unscanned_uploads();
    builder.build().await.unwrap()
}

impl Market {
    async fn open(media: ObjectMedia) -> Self {
        let clock = ManualClock::default();
        let market = market(media, &clock).await;
        let tenant = TenantIdentity::organisation(
            "https://id.example".parse().unwrap(),
            "acme".parse().unwrap(),
        );
        let who = PersonIdentity::new(tenant, "ada".parse().unwrap());
        let ada = market.act_as(Principal::person(who));
        let profile =
            PublisherProfile { name: "Acme".parse().unwrap(), summary: None, website: None };
        let new = NewPublisher { handle: "acme".parse().unwrap(), profile };
        let publisher = ada.create_publisher(new, &key()).await.unwrap().id;
        let content: ListingContent = serde_json::from_value(serde_json::json!({
            "title": "Reader", "summary": "Reads.", "category": "finance",
            "priceClass": "free", "visibility": "public",
        }))
        .unwrap();
        let asset = Asset::WhsAgent { whs_agent_id: "agent".parse().unwrap() };
        let new = NewListing { publisher, slug: "reader".parse().unwrap(), asset, content };
        let listing = ada.create_listing(new, &key()).await.unwrap().id;
        ada.publish_listing(listing, &key()).await.unwrap();
        Market { market, ada, listing, clock }
    }

    async fn icon(&self, shade: u8) -> fleetprompt_core::Result<Sha256Digest> {
        let revision = self.ada.listing(self.listing).await?.revision;
        let set = self.ada.set_icon(self.listing, revision, picture(shade), &key()).await?;
        Ok(set.image.unwrap())
    }
}

/// A square of one colour.
fn picture(shade: u8) -> ImageUpload {
    let image: DynamicImage = RgbImage::from_pixel(32, 32, Rgb([shade, 7, 7])).into();
    let mut file = Cursor::new(Vec::new());
    image.write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner().try_into().unwrap()
}

#[test]
fn a_bucket_behaves_like_the_store_in_memory() {
    run(async {
        let (plain, bucket) = (MemoryMedia::default(), media(&place("alike"), member()));
        assert_eq!(all(&bucket, 2).await, []);
        for n in 0..9 {
            for store in [&plain as &dyn MediaStore, &bucket] {
                store.put(&name(n), vec![n; 99]).await.unwrap();
                store.put(&name(n), vec![n; 99]).await.unwrap();
            }
        }
        for n in [4, 4, 5, 90] {
            plain.delete(&name(n)).await.unwrap();
            bucket.delete(&name(n)).await.unwrap();
        }
        for step in [1, 3, 200] {
            assert_eq!(all(&bucket, step).await, all(&plain, 200).await, "{step} at a time");
        }
        for n in 0..10 {
            assert_eq!(bucket.get(&name(n)).await, plain.get(&name(n)).await, "{n}");
        }
        let beside = media(&place("alike-not"), member());
        assert_eq!(all(&beside, 2).await, [], "what has another prefix is somebody else's");
    });
}

#[test]
fn an_image_is_taken_served_and_goes_when_nothing_shows_it() {
    run(async {
        let prefix = place("market");
        let m = Market::open(media(&prefix, member())).await;
        let first = m.icon(1).await.unwrap();
        let second = m.icon(2).await.unwrap();
        let visitor = m.market.act_as(Principal::Anonymous);
        let file = visitor.media(m.listing, second).await.unwrap();
        assert_eq!((Sha256Digest::of(&file.bytes), file.public), (second, true));
        assert!(visitor.media(m.listing, first).await.is_err());

        let bucket = media(&prefix, member());
        let kept = async || all(&bucket, 200).await.iter().map(|it| it.digest).collect::<Vec<_>>();
        assert_eq!(kept().await.len(), 2);
        m.clock.advance(Span::hours(25));
        let cleaned = m.market.clean_media(None, PageSize::MAX).await.unwrap();
        assert_eq!((cleaned.looked_at, cleaned.removed), (2, 1));
        assert_eq!(kept().await, [second]);
        assert_eq!(visitor.media(m.listing, second).await.unwrap(), file);
    });
}

#[test]
fn without_leave_nothing_is_taken_served_or_taken_for_absent() {
    run(async {
        let prefix = place("leave");
        let bucket = media(&prefix, member());
        bucket.put(&name(1), b"kept".to_vec()).await.unwrap();
        for stranger in strangers() {
            let refused = MediaError::Unavailable("the object store refused the credentials");
            let store = media(&prefix, stranger.clone());
            assert_eq!(store.put(&name(2), b"more".to_vec()).await, Err(refused));
            assert_eq!(store.get(&name(1)).await, Err(refused));
            assert_eq!(store.get(&name(2)).await, Err(refused), "not `None`");
            assert_eq!(store.list(None, PageSize::MAX).await, Err(refused));
            assert_eq!(store.delete(&name(1)).await, Err(refused));

            let m = Market::open(store).await;
            let away = m.icon(1).await.unwrap_err();
            assert_eq!(away.kind(), ErrorKind::Unavailable);
            assert_eq!(m.ada.listing(m.listing).await.unwrap().media.icon, None);
            let away = m.market.clean_media(None, PageSize::MAX).await.unwrap_err();
            assert_eq!(away.kind(), ErrorKind::Unavailable);
        }
        assert_eq!(all(&bucket, 200).await, [name(1)], "as it was");
    });
}

#[test]
fn what_is_not_there_is_unavailable() {
    run(async {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let endpoint = Some(format!("http://{closed}").parse().unwrap());
        let config = config("media", member());
        let away = ObjectMedia::in_s3(&S3Config { endpoint, ..config.clone() }).unwrap();
        let unavailable = Err(MediaError::Unavailable("the object store failed"));
        assert_eq!(away.get(&name(1)).await, unavailable);
        let bucket = "no-such-bucket".parse().unwrap();
        let nowhere = ObjectMedia::in_s3(&S3Config { bucket, ..config }).unwrap();
        let put = nowhere.put(&name(1), b"bytes".to_vec()).await;
        let no_place = MediaError::Unavailable("the object store has no such place");
        assert_eq!(put, Err(no_place));
        assert_eq!(nowhere.get(&name(1)).await, Err(no_place), "not `None`");
        assert_eq!(nowhere.list(None, PageSize::MAX).await, Err(no_place));
        assert_eq!(nowhere.delete(&name(1)).await, Err(no_place));
        let m = Market::open(nowhere).await;
        assert_eq!(m.icon(1).await.unwrap_err().code(), ErrorCode::Unavailable);
    });
}

/// All that is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn credentials_are_in_no_log_error_or_debug() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer({
            let log = log.clone();
            move || log.clone()
        })
        .finish();
    let mut shown = String::new();
    tracing::subscriber::with_default(subscriber, || {
        run(async {
            for credentials in strangers().into_iter().chain([member()]) {
                let config = config(&place("log"), credentials);
                let store = ObjectMedia::in_s3(&config).unwrap();
                shown += &format!("{config:?} {store:?}");
                let put = store.put(&name(1), b"bytes".to_vec()).await;
                shown += &format!("{put:?} {:?}", put.err().map(|error| error.to_string()));
                let listed = store.list(None, PageSize::MAX).await;
                shown += &format!("{listed:?}");
            }
        });
    });
    shown += &String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(shown.contains("the object store refused the credentials"), "it is logged");
    let secrets = ["FLEETPROMPT_TEST_S3_KEY_ID", "FLEETPROMPT_TEST_S3_SECRET"].map(told);
    let canaries = ["canary", "CANARY"].map(str::to_owned);
    for secret in secrets.iter().chain(&canaries) {
        assert!(!shown.contains(secret.as_str()), "one of the credentials is shown");
    }
}
