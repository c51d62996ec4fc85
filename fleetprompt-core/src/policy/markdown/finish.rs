//! The last step: what the sanitiser left, in its canonical form, with images made what they may be.

use std::collections::BTreeSet;

use crate::domain::{MEDIA_MARK, Sha256Digest};

use super::allow_list::{LINK_REL, MEDIA_SCHEME};
use super::tokens::Attributes;

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
    let mut out = String::with_capacity(html.len());
    let mut link = Link::None;
    let mut rest = html;
    while let Some((text, tag)) = rest.split_once('<') {
        out.push_str(text);
        rest = tag;
        let end = tag.find([' ', '>']).unwrap_or(tag.len());
        let Some((name, behind)) = tag.split_at_checked(end) else { continue };
        let attributes = Attributes::of(behind);
        let Some(behind) = attributes.clone().behind() else { continue };
        rest = behind;
        match name {
            "img" => image(&mut out, attributes, link, media),
            "a" => {
                let leads = |(name, value): (&str, &str)| {
                    name == "id" || name == "href" && !value.is_empty()
                };
                link = if attributes.clone().any(leads) { Link::Kept } else { Link::Dropped };
                if link == Link::Kept {
                    start_tag(&mut out, "a", attributes);
                }
            }
            "/a" => {
                if link == Link::Kept {
                    out.push_str("</a>");
                }
                link = Link::None;
            }
            // A parser leaves out a line end right behind the tag: one that it may.
            "pre" => out.push_str("<pre>\n"),
            name => start_tag(&mut out, name, attributes),
        }
    }
    out.push_str(rest);
    out
}

/// Writes a tag, its attributes in the order of their names.
fn start_tag(out: &mut String, name: &str, attributes: Attributes<'_>) {
    let mut attributes: Vec<(&str, &str)> = attributes.collect();
    attributes.sort_unstable();
    out.extend(["<", name]);
    for (name, value) in attributes {
        out.extend([" ", name, "=\"", value, "\""]);
    }
    out.push('>');
}

fn image(out: &mut String, attributes: Attributes<'_>, link: Link, media: &BTreeSet<Sha256Digest>) {
    let value = |wanted: &str| {
        attributes.clone().find(|(name, value)| *name == wanted && !value.is_empty())
    };
    let source = value("src").map(|(_, source)| source);
    let alt = value("alt").map(|(_, alt)| alt);
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
