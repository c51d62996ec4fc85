use object_store::memory::InMemory;
use proptest::prelude::*;

use super::*;
use crate::domain::{ListingId, Sha256Digest, UploadId};
use crate::memory::MemoryMedia;

fn run<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

/// One of few names, in few folders, some of which begin alike.
fn name(n: u8) -> MediaName {
    let listing =
        [7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, n / 27, [0x0a, 0xa0, 0xff][n as usize / 9 % 3]];
    MediaName {
        listing: ListingId::from_bytes(listing),
        upload: UploadId::from_bytes([n / 3 % 3; 16]),
        digest: Sha256Digest::of(&[n % 3]),
    }
}

fn all(store: &dyn MediaStore, step: u16) -> Vec<MediaName> {
    let mut names = Vec::new();
    loop {
        let page = run(store.list(names.last(), PageSize::new(step))).unwrap();
        let full = page.len() == usize::from(step);
        names.extend(page);
        if !full {
            return names;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// A folder, and any object store, behave like the one in memory.
    #[test]
    fn every_store_agrees_with_the_one_in_memory(
        steps in prop::collection::vec((any::<bool>(), 0..54_u8), 1..24),
        step in 1..5_u16,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let plain = MemoryMedia::default();
        let rooted = ObjectMedia::at_root(Arc::new(InMemory::new()), Path::from("a/b"));
        let others = [
            ObjectMedia::in_folder(&folder.path().join("media")).unwrap(),
            ObjectMedia::new(Arc::new(InMemory::new())),
            rooted,
        ];
        for (put, n) in steps {
            let name = name(n);
            let stores = others.iter().map(|store| store as &dyn MediaStore).chain([&plain as _]);
            for store in stores {
                match put {
                    true => run(store.put(&name, vec![n; 9])).unwrap(),
                    false => run(store.delete(&name)).unwrap(),
                }
            }
        }
        let expected = all(&plain, 200);
        prop_assert!(expected.is_sorted());
        for store in &others {
            prop_assert_eq!(&all(store, step), &expected);
            for n in 0..54 {
                prop_assert_eq!(run(store.get(&name(n))), run(plain.get(&name(n))));
            }
        }
    }
}

#[test]
fn a_folder_may_hold_what_is_not_ours() {
    let folder = tempfile::tempdir().unwrap();
    let media = ObjectMedia::in_folder(folder.path()).unwrap();
    run(media.put(&name(1), b"ours".to_vec())).unwrap();
    let ours = folder.path().join(name(1).to_string());
    assert_eq!(std::fs::read(&ours).unwrap(), b"ours", "a plain file under its name");
    let beside = ours.parent().unwrap();
    std::fs::write(folder.path().join("README"), "").unwrap();
    std::fs::write(beside.join("notes.txt"), "").unwrap();
    // What a crash leaves of a file that was being written.
    std::fs::write(format!("{}#1", ours.display()), "our").unwrap();
    std::fs::create_dir_all(folder.path().join("0A/x")).unwrap();
    assert_eq!(all(&media, 10), [name(1)]);
}

#[test]
fn what_is_larger_than_any_image_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let media = ObjectMedia::in_folder(folder.path()).unwrap();
    run(media.put(&name(1), vec![0; MAX_STORED_IMAGE_BYTES])).unwrap();
    assert!(run(media.get(&name(1))).is_ok());
    let file = std::fs::File::options().write(true).open(folder.path().join(name(1).to_string()));
    file.unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(run(media.get(&name(1))), Err(MediaError::Unavailable(_))));
}

#[test]
fn a_place_that_is_no_place_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(ObjectMedia::in_folder(&file).is_err());
    let nothing: [(&str, &str); 0] = [];
    for url in ["az://container/media", "ftp://a.example/media", "file://elsewhere/media"] {
        assert!(ObjectMedia::at(&url.parse().unwrap(), nothing).is_err(), "{url}");
    }
    let url = Url::from_file_path(folder.path().join("new")).unwrap();
    let media = ObjectMedia::at(&url, nothing).unwrap();
    run(media.put(&name(1), b"ours".to_vec())).unwrap();
    assert!(folder.path().join("new").join(name(1).to_string()).is_file());
}
