//! Puts the payload into the page that `web/` builds.
//!
//! Invariants: text out of the capture is escaped; the page's own program is the only one that its Content-Security-Policy
//! lets run, so no text could be one even if it were not.

use std::io::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

/// The page around the payload; `npm run build` in `web/` writes it.
const PAGE: &str = include_str!("../assets/page.html");
/// Where the title goes.
const TITLE: &str = "<!--heapwise:title-->";
/// Where the report as text goes, which is read where no program runs.
const TEXT: &str = "<!--heapwise:text-->";
/// Where the payload goes.
const PAYLOAD: &str = "<!--heapwise:payload-->";

/// Bytes of the page without payload and texts.
pub(crate) fn frame_bytes() -> usize {
    PAGE.len()
}

/// The payload as it stands in the page.
pub(crate) fn pack(json: &[u8]) -> String {
    let mut packed = GzEncoder::new(Vec::new(), Compression::new(6));
    // Writing to memory does not fail.
    let _ = packed.write_all(json);
    STANDARD.encode(packed.finish().unwrap_or_default())
}

/// The whole page.
pub(crate) fn page(title: &str, text: &str, packed: &str) -> Vec<u8> {
    fill(PAGE, &[(TITLE, &escape(title)), (TEXT, &escape(text)), (PAYLOAD, packed)])
}

/// A page with texts in place of its marks, which stand in it in this order.
pub(crate) fn fill(page: &str, texts: &[(&str, &str)]) -> Vec<u8> {
    let room = page.len() + texts.iter().map(|(_, text)| text.len()).sum::<usize>();
    let mut out = Vec::with_capacity(room);
    let mut rest = page;
    for (mark, text) in texts {
        let (before, behind) = rest.split_once(mark).unwrap_or((rest, ""));
        out.extend_from_slice(before.as_bytes());
        out.extend_from_slice(text.as_bytes());
        rest = behind;
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

/// Text as it stands in markup.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // A NUL or another control character is no character of HTML.
            '\n' => escaped.push('\n'),
            character if character.is_control() => escaped.push('\u{fffd}'),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_its_three_places_in_order() {
        let places = [TITLE, TEXT, PAYLOAD].map(|mark| PAGE.find(mark).expect(mark));
        assert!(places.is_sorted(), "{places:?}");
        assert_eq!(PAGE.matches("<!--heapwise:").count(), places.len());
    }

    #[test]
    fn text_is_never_markup() {
        let page = page("</title><script>1</script>", "a\0<b>&\"'", "cGF5bG9hZA==");
        let page = String::from_utf8(page).expect("text");
        assert!(page.contains("&lt;/title&gt;&lt;script&gt;1&lt;/script&gt;"));
        assert!(page.contains("a\u{fffd}&lt;b&gt;&amp;&quot;&#39;"));
        assert!(page.contains(">cGF5bG9hZA==<"));
    }

    #[test]
    fn only_the_page_s_own_program_runs_and_nothing_is_loaded() {
        let policy = PAGE.split_once("Content-Security-Policy").expect("a policy").1;
        let policy = policy.split_once('>').expect("an end").0;
        assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        let markup = PAGE.split_once("<script").expect("a program").0;
        assert!(!markup.contains(" src=") && !markup.contains("url("));
    }
}
