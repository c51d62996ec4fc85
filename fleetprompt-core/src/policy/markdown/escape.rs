//! Text in HTML.

/// Writes text so that HTML shows it. It is for text alone: in a value, quotation marks would end it.
pub(super) fn escape(text: &str, out: &mut String) {
    for piece in text.split_inclusive(['&', '<', '>']) {
        let mut chars = piece.chars();
        let reference = match chars.next_back() {
            Some('&') => "&amp;",
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            _ => {
                out.push_str(piece);
                continue;
            }
        };
        out.extend([chars.as_str(), reference]);
    }
}
