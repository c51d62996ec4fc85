//! Names in addresses, and the skeletons by which look-alikes are told to be the same.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::parse::Rule;
use super::text::texts;

texts! {
    /// The name of a publisher in addresses: ASCII letters and digits, with single `-`, `_` or `.`
    /// between them; lowered. Words that addresses or impostors would want are reserved, and so
    /// are their look-alikes.
    Handle = HANDLE, handle, "Acme-Robotics" => "acme-robotics",
        pattern: "^[a-z0-9]+([-_.][a-z0-9]+)*$";
    /// The name of a listing in addresses, under the same rules as a [`Handle`] but without
    /// reserved words: it stands behind its publisher's handle.
    Slug = SLUG, address_name, "Invoice_Reader.v2" => "invoice_reader.v2",
        pattern: "^[a-z0-9]+([-_.][a-z0-9]+)*$";
    /// What two names have in common when a reader could take one for the other. Names are unique
    /// by skeleton. It is made by replacing each character by itself, so that the order of
    /// replacements cannot matter and a skeleton is its own skeleton:
    ///
    /// | written | in the skeleton | because |
    /// | --- | --- | --- |
    /// | `-` `_` `.` | `-` | people mix them up; none vanishes, so `acmebot` is another name |
    /// | `0` | `o` | alike in most typefaces |
    /// | `1` `i` | `l` | alike in most typefaces, a capital `I` above all |
    /// | `5` | `s` | alike at small sizes |
    /// | `m` | `rn` | `rn` runs together into `m` |
    /// | `w` | `vv` | `vv` runs together into `w` |
    ///
    /// `cl` and `d` are kept apart: with `i` as `l`, every `ci` would be a `d` too, and ordinary
    /// words such as `clear` and `dear` would shut each other out.
    Skeleton = SKELETON, skeleton, "acrne-bot" => "acrne-bot";
    /// A text under which a well-known name is filed, so that what looks like it finds it: see
    /// [`Spelling`](crate::policy::Spelling).
    LikenessKey = LIKENESS_KEY, likeness_key, "d:acmebot" => "d:acmebot";
}

impl Handle {
    /// What this handle shares with those that look like it.
    ///
    /// ```
    /// use fleetprompt_core::domain::Handle;
    /// let [real, fake]: [Handle; 2] = ["acme-bot".parse()?, "acrne_b0t".parse()?];
    /// assert_eq!(real.skeleton(), fake.skeleton());
    /// # Ok::<(), fleetprompt_core::domain::ParseError>(())
    /// ```
    pub fn skeleton(&self) -> Skeleton {
        Skeleton(strokes(self.as_str()).collect())
    }
}

impl Slug {
    /// What this slug shares with those that look like it.
    ///
    /// ```
    /// use fleetprompt_core::domain::Slug;
    /// let [joined, apart]: [Slug; 2] = ["acmebot".parse()?, "acme-bot".parse()?];
    /// assert_ne!(joined.skeleton(), apart.skeleton());
    /// # Ok::<(), fleetprompt_core::domain::ParseError>(())
    /// ```
    pub fn skeleton(&self) -> Skeleton {
        Skeleton(strokes(self.as_str()).collect())
    }
}

/// Handles that nobody can take: the words of addresses, files that crawlers and clients ask for,
/// roles that an impostor would like, and the products that listings are handed over to.
#[rustfmt::skip] // one word a line would bury the code
pub const RESERVED_HANDLES: &[&str] = &[
    "about", "abuse", "account", "accounts", "admin", "administrator", "admins", "agentelic",
    "agentromatic", "all", "anonymous", "api", "app", "apps", "assets", "attempts", "auth",
    "badges", "billing", "browse", "cart", "categories", "category", "changes", "checkout",
    "console", "contact", "dashboard", "delegatic", "docs", "download", "downloads", "entitlements",
    "events", "everyone", "favicon.ico", "feed", "fleetprompt", "guest", "health", "healthz", "help", "home",
    "hostmaster", "info", "install", "installs", "invitations", "invite", "invites", "legal",
    "listing", "listings", "live", "login", "logout", "mail", "manifests", "me", "media", "members",
    "metrics", "moderator", "new", "no-reply", "noc", "noreply", "notifications", "null", "oauth",
    "official", "openapi.json", "operator", "operators", "org", "organisation", "organisations",
    "organization", "organizations", "orgs", "owner", "packs", "popular", "postmaster", "pricing",
    "privacy", "profile", "profiles", "public", "publisher", "publishers", "ready", "readyz", "redeem",
    "register", "releases", "report", "reports", "reserved", "robots.txt", "root", "search",
    "security", "security.txt", "settings", "signin", "signup", "sitemap.xml", "specprompt",
    "staff", "static", "status", "store", "suggest", "superuser", "support", "sysadmin", "system",
    "tags", "team", "terms", "token", "tokens", "trending", "undefined", "uploads", "user",
    "username", "users", "v1", "v2", "verified", "webhook", "webhooks", "webhost.systems",
    "webmaster", "well-known", "whs", "www", "you",
];

static RESERVED_SKELETONS: LazyLock<BTreeSet<String>> =
    LazyLock::new(|| RESERVED_HANDLES.iter().map(|word| strokes(word).collect()).collect());

fn handle(text: &str) -> Result<String, Rule> {
    let stored = address_name(text)?;
    let skeleton: String = strokes(&stored).collect();
    if RESERVED_SKELETONS.contains(&skeleton) {
        return Err(Rule::Other("is reserved"));
    }
    Ok(stored)
}

fn address_name(text: &str) -> Result<String, Rule> {
    let parts_of_words = text
        .split(['-', '_', '.'])
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()));
    parts_of_words.then(|| text.to_ascii_lowercase()).ok_or(Rule::Characters(
        "ASCII letters and digits, with single `-`, `_` or `.` between them",
    ))
}

fn skeleton(text: &str) -> Result<String, Rule> {
    let stored = address_name(text)?;
    if strokes(&stored).ne(text.chars()) {
        return Err(Rule::Format("the skeleton of a name"));
    }
    Ok(stored)
}

fn likeness_key(text: &str) -> Result<String, Rule> {
    let known = text.split_once(':').is_some_and(|(kind, rest)| {
        matches!(kind, "d" | "n" | "r" | "s" | "w")
            && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    if known { Ok(text.to_owned()) } else { Err(Rule::Format("a key of a well-known name")) }
}

/// What a reader sees of a name, character by character: see [`Skeleton`].
pub(crate) fn strokes(name: &str) -> impl Iterator<Item = char> {
    name.chars().flat_map(|c| {
        let (first, second) = match c {
            '-' | '_' | '.' => ('-', None),
            '0' => ('o', None),
            '1' | 'i' => ('l', None),
            '5' => ('s', None),
            'm' => ('r', Some('n')),
            'w' => ('v', Some('v')),
            other => (other, None),
        };
        std::iter::once(first).chain(second)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(name: &str) -> String {
        name.parse::<Slug>().unwrap().skeleton().to_string()
    }

    #[test]
    fn look_alikes_share_a_skeleton() {
        for fake in ["acme_bot", "acme.bot", "acrne-bot", "ACME-B0T", "acrne_b0t"] {
            assert_eq!(of(fake), of("acme-bot"), "{fake}");
        }
        assert_eq!(of("paypa1"), of("paypal"));
        assert_eq!(of("vvhs"), of("whs"));
        assert_eq!(of("vvv"), of("vw"));
        assert_eq!(of("5tripe"), of("stripe"));
        assert_eq!(of("mini"), of("rnlnl"));
    }

    #[test]
    fn other_names_do_not() {
        for other in ["acmebot", "acme-bots", "acme-b-ot", "acne-bot"] {
            assert_ne!(of(other), of("acme-bot"), "{other}");
        }
        assert_ne!(of("clear"), of("dear"));
    }

    #[test]
    fn names_are_words_joined_by_single_separators() {
        for good in ["a", "7", "a-b_c.d", "X1"] {
            assert!(good.parse::<Handle>().is_ok(), "{good}");
        }
        for bad in ["-a", "a-", "a--b", "a-_b", "..", ".", "a b", "a/b", "é", "аcme", "a\0", " a"]
        {
            assert!(bad.parse::<Handle>().is_err(), "{bad:?}");
            assert!(bad.parse::<Slug>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn reserved_words_and_their_look_alikes_are_no_handles() {
        for word in [
            "admin",
            "API",
            "adrnin",
            "adm1n",
            "0perator",
            "robots-txt",
            "vvhs",
            "no_reply",
            "webrnaster",
            "1nf0",
        ] {
            let refused = word.parse::<Handle>().unwrap_err();
            assert_eq!(refused.to_string(), "handle is reserved", "{word}");
            assert!(word.parse::<Slug>().is_ok(), "{word}");
        }
        assert!("admins-club".parse::<Handle>().is_ok());
    }

    #[test]
    fn the_reserved_words_are_names_in_order() {
        assert!(RESERVED_HANDLES.is_sorted());
        assert!(RESERVED_HANDLES.iter().all(|word| word.parse::<Slug>().is_ok()));
    }

    #[test]
    fn only_a_skeleton_parses_as_one() {
        assert!("acrne-bot".parse::<Skeleton>().is_ok());
        for bad in ["acme-bot", "acrne_bot", "b0t", "Acrne"] {
            assert!(bad.parse::<Skeleton>().is_err(), "{bad}");
        }
    }

    fn names() -> impl Strategy<Value = String> {
        // Mostly the characters that the table replaces, in every order.
        "[rnmvwclidso015a]{1,8}([-_.][A-Za-z0-9]{1,6}){0,3}"
    }

    proptest! {
        #[test]
        fn a_skeleton_is_its_own_skeleton(name in names()) {
            let once = of(&name);
            prop_assert_eq!(&of(&once), &once);
            prop_assert_eq!(once.parse::<Skeleton>().map(String::from), Ok(once));
        }

        #[test]
        fn replacing_a_part_by_its_look_alike_keeps_the_skeleton(
            before in "[rnmvwclia]{0,6}", after in "[rnmvwcli]{0,6}",
            (one, other) in prop::sample::select(vec![
                ("rn", "m"), ("vv", "w"), ("0", "o"), ("1", "l"), ("i", "l"), ("5", "s"),
            ]),
        ) {
            let with = |part: &str| of(&format!("{before}{part}{after}"));
            prop_assert_eq!(with(one), with(other));
        }

        #[test]
        fn the_longest_slug_has_a_skeleton_within_its_bound(slug in "[mw]{100}") {
            prop_assert!(of(&slug).parse::<Skeleton>().is_ok());
        }
    }
}
