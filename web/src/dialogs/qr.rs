//! A QR code as a drawing: for the projector, so that a room opens an experiment with its phones.

use qrcodegen::{QrCode, QrCodeEcc};
use yew::prelude::*;

/// The most characters that are drawn: longer texts make codes that a phone cannot read from the back of a room.
pub(crate) const MOST_CHARACTERS: usize = 600;

/// Free squares around a code, as its standard asks.
const QUIET: i32 = 4;

/// Side and squares of the code of a text; nothing for one that is too long.
fn code(text: &str) -> Option<(i32, String)> {
    let code = QrCode::encode_text(text, QrCodeEcc::Low).ok().filter(|_| text.len() <= MOST_CHARACTERS)?;
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let from = x;
            while x < code.size() && code.get_module(x, y) {
                x += 1;
            }
            if x > from {
                path.push_str(&format!("M{} {}h{}v1H{}z", from + QUIET, y + QUIET, x - from, from + QUIET));
            }
            x += 1;
        }
    }
    Some((code.size() + 2 * QUIET, path))
}

#[derive(Properties, PartialEq)]
pub(crate) struct QrProps {
    pub(crate) text: AttrValue,
}

/// The code of a text; nothing for one that is too long. It is black on white in every theme, which is what cameras read.
#[component]
pub(crate) fn Qr(props: &QrProps) -> Html {
    let drawn = use_memo(props.text.clone(), |text| code(text));
    match &*drawn {
        Some((side, path)) => html! {
            <svg class="qr" role="img" aria-label="QR code of the link" viewBox={format!("0 0 {side} {side}")} shape-rendering="crispEdges">
                <rect width="100%" height="100%" fill="#fff" /><path fill="#000" d={path.clone()} />
            </svg>
        },
        None => html! {},
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_covers_its_squares_once_each() {
        let text = "https://example.org/lab/#/gallery/herd";
        let (side, path) = code(text).unwrap_or_default();
        let squares: i32 = path.split('h').skip(1).filter_map(|p| p.split('v').next()?.parse::<i32>().ok()).sum();
        let expected = QrCode::encode_text(text, QrCodeEcc::Low).map(|qr| {
            let all = (0..qr.size()).flat_map(|y| (0..qr.size()).map(move |x| (x, y)));
            (qr.size(), all.filter(|&(x, y)| qr.get_module(x, y)).count() as i32)
        });
        assert_eq!(expected.ok(), Some((side - 2 * QUIET, squares)));
    }

    #[test]
    fn long_texts_have_none() {
        assert!(code(&"x".repeat(MOST_CHARACTERS)).is_some() && code(&"x".repeat(MOST_CHARACTERS + 1)).is_none());
    }
}
