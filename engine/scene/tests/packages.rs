//! A package is the same bytes, and has the same id, wherever it lies: as a folder, as an archive, unpacked again. What is no archive
//! is refused, with the reason.

mod fixture;

use std::collections::BTreeMap;
use std::io::Read;

use fixture::{ROBOT, SCENE};
use hyperdust_scene::{Package, Scene};
use proptest::prelude::*;

type Files = BTreeMap<String, Vec<u8>>;

fn files() -> Files {
    [("scene.toml", SCENE), ("robot.xml", ROBOT), ("LICENSE", "Permission is granted"), ("doc/read me.md", "A cart.")]
        .map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()))
        .into()
}

fn package() -> Package {
    Package::from_files(files()).unwrap()
}

/// The reason why some bytes are no archive.
fn refused(bytes: &[u8]) -> String {
    Package::decode(bytes).expect_err("it was accepted").to_string()
}

/// Names that are sound, and differ in more than case.
fn random_files() -> impl Strategy<Value = Files> {
    let name = proptest::string::string_regex("[a-z0-9_]{1,12}(/[a-z0-9_-]{1,20}){0,3}\\.(obj|xml|txt)").unwrap();
    let contents = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..2000),
        (any::<u8>(), 0usize..100_000).prop_map(|(byte, count)| vec![byte; count]),
    ];
    let scene = proptest::collection::vec(any::<u8>(), 0..300);
    (proptest::collection::btree_map(name, contents, 0..12), scene).prop_map(|(mut files, scene)| {
        files.insert("scene.toml".to_owned(), scene);
        files
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn pack_unpack_pack_gives_the_same_bytes(files in random_files()) {
        // A folder may be called like a file with its ending: not in one package.
        prop_assume!(Package::from_files(files.clone()).is_ok());
        let given = Package::from_files(files).unwrap();
        let archive = given.encode();
        let read = Package::decode(archive.as_slice()).unwrap();
        prop_assert_eq!(&read, &given);
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("unpacked");
        read.unpack(&place).unwrap();
        let again = Package::read_folder(&place).unwrap();
        prop_assert_eq!(again.id(), given.id());
        prop_assert_eq!(again.encode(), archive);
    }

    /// Whatever the bytes: an error, or the very package that they say they are.
    #[test]
    fn mutated_archives_are_told(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut in any::<prop::sample::Index>(), whole in any::<bool>()) {
        let good = package();
        let mut bytes = good.encode();
        for (place, byte) in &edits {
            let at = place.index(bytes.len());
            bytes[at] = *byte;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(read) = Package::decode(bytes.as_slice()) {
            prop_assert_eq!(read, good);
        }
    }

    /// The list of files inside, too, behind a sound compression and the right id in front of it.
    #[test]
    fn mutated_lists_are_told(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let good = package();
        let mut tar = tar(&good.encode());
        for (place, byte) in &edits {
            let at = place.index(tar.len());
            tar[at] = *byte;
        }
        if let Ok(read) = Package::decode(gzip(&tar, &comment(&good)).as_slice()) {
            prop_assert_eq!(read, good);
        }
    }
}

fn tar(archive: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    flate2::read::GzDecoder::new(archive).read_to_end(&mut tar).unwrap();
    tar
}

fn comment(package: &Package) -> String {
    format!("hyperdust package 1 {}", package.id())
}

fn gzip(tar: &[u8], comment: &str) -> Vec<u8> {
    let mut encoder = flate2::GzBuilder::new().comment(comment).read(tar, flate2::Compression::fast());
    let mut archive = Vec::new();
    encoder.read_to_end(&mut archive).unwrap();
    archive
}

/// The header of an empty file as we write it, with one change.
fn entry(name: &str, change: &dyn Fn(&mut tar::Header)) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_size(0);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_entry_type(tar::EntryType::Regular);
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    change(&mut header);
    header.set_cksum();
    header.as_bytes().to_vec()
}

/// The same package on every machine, and from every build of this crate: its id, and its archive's bytes.
#[test]
fn the_archive_of_a_known_package_is_known() {
    let contents = |name: &str| name.repeat(100).into_bytes();
    let names = ["scene.toml", "robot.xml", "meshes/torso.obj", "LICENSE"];
    let package = Package::from_files(names.map(|name| (name.to_owned(), contents(name))).into()).unwrap();
    let archive = package.encode();
    assert_eq!(package.id().to_string(), "0xcb66c2e7f2d1b80ff7a02721084819917a1e1d5ecfb7e3048c2d9f9b6e764c42");
    let digest = hyperdust_kernel::merkle::root(hyperdust_kernel::merkle::Kind::new("test"), &archive);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        (archive.len(), digest.as_str()),
        (297, "24964d4c9b3b78ba9e2c382d88a4c55f8b2597b842d97673dc23d9fafde28bdc")
    );
}

/// Another compressor's bytes are as good: the id is that of the files.
#[test]
fn an_archive_may_be_compressed_again() {
    let good = package();
    let again = gzip(&tar(&good.encode()), &comment(&good));
    assert_ne!(again, good.encode());
    assert_eq!(Package::decode(again.as_slice()).unwrap(), good);
}

#[test]
fn every_scene_cooks_the_same_from_its_archive() {
    for name in Scene::builtin_names() {
        let scene = Scene::builtin(name).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join(format!("{name}.hdscene"));
        std::fs::write(&archive, scene.package().unwrap().encode()).unwrap();
        let opened = Scene::open(&archive).unwrap();
        assert_eq!(opened.package().unwrap().id(), scene.package().unwrap().id(), "{name}");
        let unpacked = folder.path().join("there");
        Package::read_archive(&archive).unwrap().unpack(&unpacked).unwrap();
        let blueprint = |scene: &Scene| scene.cook(&BTreeMap::new()).unwrap().blueprint.id().unwrap();
        assert_eq!(blueprint(&opened), blueprint(&scene), "{name}");
        assert_eq!(blueprint(&Scene::open(&unpacked).unwrap()), blueprint(&scene), "{name}");
    }
}

#[test]
fn names_that_do_not_mean_one_file_everywhere_are_refused() {
    let long = "x".repeat(101);
    for (name, words) in [
        ("../out", "`..`"),
        ("a/../../out", "`..`"),
        ("/etc/passwd", "an absolute path"),
        ("C:/windows", "':'"),
        ("a\\b", "'\\\\'"),
        ("a//b", "an empty part"),
        ("a/", "an empty part"),
        ("./a", "`.`"),
        ("", "not 1 to 155"),
        ("méchant.obj", "'é'"),
        ("a\nb", "'\\n'"),
        ("con", "Windows"),
        ("meshes/NUL.obj", "Windows"),
        ("lpt1.txt", "Windows"),
        ("dot.", "ends with a dot"),
        ("space ", "a space"),
        (".git/config", "hidden"),
        ("other.hdscene", "archives in archives"),
        ("ROBOT.xml", "only in case"),
        ("Doc/other.md", "only in case"),
        ("doc", "a file and a folder"),
        ("robot.xml/a", "a file and a folder"),
        (long.as_str(), "more than 100 bytes"),
        ("1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g/h", "deep"),
    ] {
        let mut files = files();
        files.insert(name.to_owned(), Vec::new());
        let message = Package::from_files(files).expect_err(name).to_string();
        assert!(message.contains(words) && message.contains("accepted"), "{name}: {message}");
    }
    let mut files = files();
    files.remove("scene.toml");
    assert!(Package::from_files(files).unwrap_err().to_string().contains("scene.toml"));
}

/// What an archive may not be, one by one. The mutations above look for what this list forgets.
#[test]
fn archives_that_another_tool_made_are_refused() {
    let good = package();
    let plain = |_: &mut tar::Header| {};
    let list = |entries: &[Vec<u8>]| gzip(&[entries.concat(), vec![0; 1024]].concat(), &comment(&good));
    let one = |name: &str, change: &dyn Fn(&mut tar::Header)| refused(&list(&[entry(name, change)]));
    for (kind, words) in [
        (tar::EntryType::Symlink, "a link"),
        (tar::EntryType::Link, "a link"),
        (tar::EntryType::Directory, "a folder"),
        (tar::EntryType::Fifo, "a pipe"),
        (tar::EntryType::Char, "a device"),
        (tar::EntryType::GNUSparse, "with holes"),
        (tar::EntryType::GNULongName, "an extension"),
        (tar::EntryType::XHeader, "an extension"),
        (tar::EntryType::new(b'Z'), "no known kind"),
    ] {
        let message = one("a", &|header| header.set_entry_type(kind));
        assert!(message.contains(words), "{kind:?}: {message}");
    }
    assert!(one("../a", &plain).contains("`..`"));
    assert!(one("/a", &plain).contains("absolute"));
    for change in [
        &|header: &mut tar::Header| header.set_mtime(1) as _,
        &|header: &mut tar::Header| header.set_uid(1000),
        &|header: &mut tar::Header| header.set_mode(0o4755),
        &|header: &mut tar::Header| header.set_username("somebody").unwrap(),
    ] as [&dyn Fn(&mut tar::Header); 4]
    {
        assert!(one("a", change).contains("its header"));
    }
    assert!(one("a", &|header| header.set_size(1 << 40)).contains("accepted: at most"));
    assert!(one("a", &|header| header.set_size(1000)).contains("ends"));
    assert!(refused(&list(&[entry("b", &plain), entry("a", &plain)])).contains("out of order"));
    assert!(refused(&list(&[entry("a", &plain), entry("a", &plain)])).contains("twice"));
    let many: Vec<_> = (0..1025).map(|number| entry(&format!("{number:04}"), &plain)).collect();
    assert!(refused(&list(&many)).contains("more than 1024"));

    let archive = good.encode();
    assert!(refused(&[archive.as_slice(), b"more"].concat()).contains("follows the compressed part"));
    assert!(refused(&[archive.as_slice(), archive.as_slice()].concat()).contains("follows the compressed part"));
    assert!(refused(&archive[..archive.len() - 9]).contains("ends too early"));
    assert!(refused(b"PK\x03\x04").contains("not gzip"));
    assert!(refused(b"").contains("not gzip"));
    let inside = [tar(&archive), vec![0; 512]].concat();
    assert!(refused(&gzip(&inside, &comment(&good))).contains("follows the last file"));
    assert!(refused(&gzip(&tar(&archive), "")).contains("found nothing"));
    let other = format!("hyperdust package 1 0x{}", "0".repeat(64));
    assert!(refused(&gzip(&tar(&archive), &other)).contains("but it says 0x00"));
    assert!(refused(&gzip(&tar(&archive), &comment(&good).replace(" 1 ", " 2 "))).contains("kind, version and id"));
}

/// Ten gigabytes of zeros in ten megabytes: refused once more was unpacked than a file may hold, which a reader that counts sees.
#[test]
fn a_bomb_is_not_unpacked() {
    let header = entry("a", &|header| header.set_size(10 << 30));
    let zeros = std::io::repeat(0).take(10 << 30);
    let tar = header.as_slice().chain(zeros);
    let encoder = flate2::GzBuilder::new().comment(comment(&package())).read(tar, flate2::Compression::fast());
    let mut counted = Counted { inner: encoder, bytes: 0 };
    let message = Package::decode(&mut counted).unwrap_err().to_string();
    assert!(message.contains("10737418240 bytes"), "{message}");
    assert!(counted.bytes < 1 << 20, "{} bytes were read", counted.bytes);
}

struct Counted<R> {
    inner: R,
    bytes: usize,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(into)?;
        self.bytes += count;
        Ok(count)
    }
}

#[test]
fn nothing_is_unpacked_over_something() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("deep/place");
    package().unpack(&place).unwrap();
    let again = package().unpack(&place).unwrap_err().to_string();
    assert!(again.contains("it is there already"), "{again}");
    // An empty folder is as good as none; nothing is left beside it.
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    package().unpack(&empty).unwrap();
    assert_eq!(Package::read_folder(&empty).unwrap(), package());
    assert_eq!(folder.path().read_dir().unwrap().count(), 2);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_packed() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    package().unpack(&at.join("scene")).unwrap();
    let at = at.join("scene");
    std::fs::create_dir(at.join(".git")).unwrap();
    std::fs::write(at.join(".git/config"), "secret").unwrap();
    std::fs::write(at.join("old.hdscene"), "an archive").unwrap();
    assert_eq!(Package::read_folder(&at).unwrap(), package(), "hidden files and archives are left out");
    for target in ["robot.xml", "/etc/hostname", "."] {
        std::os::unix::fs::symlink(target, at.join("link")).unwrap();
        let message = Package::read_folder(&at).unwrap_err().to_string();
        assert!(message.contains("link: a link; accepted"), "{message}");
        std::fs::remove_file(at.join("link")).unwrap();
    }
}
