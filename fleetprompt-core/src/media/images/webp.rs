//! The container of a WebP, looked through before the decoder sees it (WebP container
//! specification; RFC 9649, sections 2 and 7).
//!
//! The decoder believes two things that it should not: a chunk's length, for which it asks memory
//! at once, and that the picture inside has the size of the canvas around it, which it compares only
//! after it has decoded the picture.

use crate::domain::Rule;

use super::{ANIMATED, UNREADABLE};

/// The WebP in `file`, without what is behind its end. One picture, as large as its canvas; every
/// chunk lies within the file.
pub(super) fn whole(file: &[u8]) -> Result<&[u8], Rule> {
    let size = length(file.get(4..).unwrap_or_default()).ok_or(UNREADABLE)?;
    let webp = size.checked_add(8).and_then(|end| file.get(..end)).ok_or(UNREADABLE)?;
    let mut rest = webp.get(12..).ok_or(UNREADABLE)?;
    let (mut canvas, mut picture) = (None, None);
    while let Some((kind, chunk, behind)) = next(rest)? {
        let sides = match &kind {
            b"ANIM" | b"ANMF" => return Err(ANIMATED),
            b"VP8X" => &mut canvas,
            b"VP8 " | b"VP8L" => &mut picture,
            _ => {
                rest = behind;
                continue;
            }
        };
        let found = sides_in(&kind, chunk).ok_or(UNREADABLE)?;
        if sides.replace(found).is_some() {
            return Err(UNREADABLE);
        }
        rest = behind;
    }
    match (canvas, picture) {
        (_, None) => Err(UNREADABLE),
        (Some(canvas), Some(picture)) if canvas != picture => Err(UNREADABLE),
        _ => Ok(webp),
    }
}

type Chunk<'a> = ([u8; 4], &'a [u8], &'a [u8]);

/// The first chunk in `bytes`: its kind, what it holds, and what is behind it.
fn next(bytes: &[u8]) -> Result<Option<Chunk<'_>>, Rule> {
    let Some((kind, rest)) = bytes.split_first_chunk::<4>() else {
        return if bytes.is_empty() { Ok(None) } else { Err(UNREADABLE) };
    };
    let size = length(rest).ok_or(UNREADABLE)?;
    let body = rest.get(4..).unwrap_or_default();
    let (chunk, behind) = body.split_at_checked(size).ok_or(UNREADABLE)?;
    // Chunks begin at even offsets; some writers leave out the last one's filling.
    Ok(Some((*kind, chunk, behind.get(size % 2..).unwrap_or_default())))
}

fn length(bytes: &[u8]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(*bytes.first_chunk()?)).ok()
}

/// The width and height that a chunk gives.
fn sides_in(kind: &[u8; 4], chunk: &[u8]) -> Option<(u32, u32)> {
    let u16_at = |n: usize| Some(u32::from(u16::from_le_bytes(*chunk.get(n..)?.first_chunk()?)));
    match kind {
        b"VP8X" => {
            let side = |n: usize| Some(u16_at(n)? + (u32::from(*chunk.get(n + 2)?) << 16) + 1);
            Some((side(4)?, side(7)?))
        }
        b"VP8 " => Some((u16_at(6)? & 0x3fff, u16_at(8)? & 0x3fff)),
        _ => {
            let bits = u32::from_le_bytes(*chunk.get(1..)?.first_chunk()?);
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
    }
}
