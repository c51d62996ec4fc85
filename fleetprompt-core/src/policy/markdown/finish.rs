//! The last step: what the sanitiser left, in its canonical form, with images made what they may be.

use std::collections::BTreeSet;

use memchr::memchr;

use crate::domain::{MEDIA_MARK, Sha256Digest};

use super::allow_list::{LINK_REL, MEDIA_SCHEME};
use super::tokens::{Attribute, Attributes};

/// Whether a link is being written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Link {
    None,
    Kept,
    /// A link that leads nowhere: its words stay.
    Dropped,
}

/// Makes links of images from elsewhere and words of links that lead nowhere. `html` is what the
/// sanitiser wrote: values are in double quotes, `<` and `>` stand for tags only, and no link is
/// within another.
pub(super) fn finish(html: &str, media: &BTreeSet<Sha256Digest>) -> String {
    let piece = |from: usize, to: usize| html.get(from..to).unwrap_or_default();
    let next = |sought: u8, from: usize| {
        let found = memchr(sought, html.as_bytes().get(from..)?);
        found.map(|at| from + at)
    };
    let mut out = String::with_capacity(html.len() + html.len() / 16);
    let mut link = Link::None;
    let mut attributes = Vec::new();
    // What stays as it is goes over in as few pieces as may be.
    let (mut written, mut at) = (0, 0);
    while let Some(start) = next(b'<', at)
        && let Some(end) = next(b'>', start)
    {
        at = end + 1;
        let tag = piece(start + 1, end);
        let (name, behind) = match memchr(b' ', tag.as_bytes()) {
            Some(space) => (piece(start + 1, start + 1 + space), piece(start + 2 + space, end)),
            // Most tags are names alone.
            None if !matches!(tag, "a" | "/a" | "img" | "pre") => continue,
            None => (tag, ""),
        };
        attributes.clear();
        attributes.extend(Attributes::of(behind));
        let stays = match name {
            "img" => false,
            "a" => {
                let leads = |(name, value): &Attribute<'_>| {
                    *name == "id" || *name == "href" && !value.is_empty()
                };
                link = if attributes.iter().any(leads) { Link::Kept } else { Link::Dropped };
                link == Link::Kept && attributes.is_sorted()
            }
            "/a" => std::mem::replace(&mut link, Link::None) == Link::Kept,
            "pre" => false,
            _ => attributes.is_sorted(),
        };
        if stays {
            continue;
        }
        out.push_str(piece(written, start));
        written = at;
        match name {
            "img" => image(&mut out, &attributes, link, media),
            // A parser leaves out a line end right behind the tag: one that it may.
            "pre" => out.push_str("<pre>\n"),
            "a" if link == Link::Dropped => {}
            "/a" => {}
            _ => start_tag(&mut out, name, &mut attributes),
        }
    }
    out.push_str(piece(written, html.len()));
    out
}

/// Writes a tag, its attributes in the order of their names.
fn start_tag(out: &mut String, name: &str, attributes: &mut [Attribute<'_>]) {
    attributes.sort_unstable();
    out.extend(["<", name]);
    for (name, value) in attributes {
        out.extend([" ", name, "=\"", value, "\""]);
    }
    out.push('>');
}

fn image(
    out: &mut String,
    attributes: &[Attribute<'_>],
    link: Link,
    media: &BTreeSet<Sha256Digest>,
) {
    let value =
        |wanted: &str| attributes.iter().find(|(name, value)| *name == wanted && !value.is_empty());
    let source = value("src").map(|(_, source)| *source);
    let alt = value("alt").map(|(_, alt)| *alt);
    let own = source.and_then(|source| own_media(source, media));
    if let Some(digits) = own {
        out.extend([MEDIA_MARK, digits, "\" alt=\"", alt.unwrap_or_default(), "\""]);
        for (name, value) in ["title", "width", "height"].into_iter().filter_map(value) {
            out.extend([" ", name, "=\"", value, "\""]);
        }
        out.push_str(" loading=\"lazy\">");
        return;
    }
    let source = source.filter(|source| !source.starts_with(MEDIA_SCHEME));
    // In a value a quotation mark is written as a reference, and in text it is not.
    let words = alt.map(|alt| alt.replace("&quot;", "\""));
    match source.filter(|_| link != Link::Kept) {
        Some(source) => {
            let words = words.as_deref().unwrap_or("image");
            out.extend(["<a href=\"", source, "\" rel=\"", LINK_REL, "\">", words, "</a>"]);
        }
        None => out.push_str(words.as_deref().unwrap_or_default()),
    }
}

/// The digits of a digest of the listing's own media.
fn own_media<'a>(source: &'a str, media: &BTreeSet<Sha256Digest>) -> Option<&'a str> {
    let digits = source.strip_prefix(MEDIA_SCHEME)?.strip_prefix(':')?;
    let digest: Sha256Digest = format!("sha256:{digits}").parse().ok()?;
    media.contains(&digest).then_some(digits)
}
