//! Links: a whole scenario in the fragment of an address.
//!
//! A payload is the format's digit, then bytes in base64url without padding: deflate-compressed compact JSON and, as the last
//! four, the CRC-32 of the compressed bytes, the low byte first. A link that was changed on its way would often still unpack, to
//! another scenario; the checksum finds every change of one character. The JSON carries its own format version and the semantics
//! version of the program that made the link, so older links migrate and differing semantics are said.

mod address;

use std::io::{Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::SEMANTICS;
use crate::scenario::Scenario;

pub use address::{Address, AddressError, Arrival, GALLERY_PREFIX, Place, Renderer};

/// What stands before a payload in an address: `#/s/<payload>`.
pub const PREFIX: &str = "#/s/";

/// The digit that a payload begins with.
const VERSION: char = '1';

/// The longest payload that is looked at, in characters.
pub const MOST_CHARACTERS: usize = 2_000_000;

/// Bytes of the checksum.
const CHECKSUM: usize = 4;

/// The most bytes that a payload may unpack to.
const MOST_BYTES: u64 = 16_000_000;

#[derive(Serialize, Deserialize)]
struct Envelope {
    semantics: u32,
    scenario: Value,
}

/// A scenario that came in a link.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// The scenario.
    pub scenario: Scenario,
    /// A sentence, if it was made under other semantics.
    pub remark: Option<String>,
}

/// Why a link cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// There is nothing after `#/s/`.
    #[error("The link is empty: there is nothing after #/s/. Ask for the whole link.")]
    Empty,
    /// Longer than any link that this program makes.
    #[error("The link has {0} characters, more than {MOST_CHARACTERS}. Ask for the scenario as a file.")]
    TooLong(usize),
    /// A scenario of the gallery, by its name.
    #[error("This link names the gallery's scenario {0} and does not hold it. Open it on the page, or take scenarios/{0}.json.")]
    Gallery(String),
    /// Some other address.
    #[error("This address holds no scenario: there is no #/s/ in it. Ask for the whole link.")]
    Foreign,
    /// The digit is not known.
    #[error("The link begins with {0:?}, which this version cannot read. It may have been made by a newer FaaSLab.")]
    UnknownVersion(char),
    /// Not base64url.
    #[error("The link has a character that no link has, at place {0}. It may have been changed on its way; ask for it again.")]
    Character(usize),
    /// Bytes that are not as they were made.
    #[error("The link is damaged, cut off or followed by other text: its checksum is wrong. Ask for it again, whole.")]
    Damaged,
    /// Unpacks to more than a scenario can be.
    #[error("The link unpacks to more than {MOST_BYTES} bytes, which no scenario needs. It was not opened.")]
    TooLarge,
    /// Unpacked, and not a scenario.
    #[error("The link was unpacked, but it does not hold a scenario: {0}")]
    NotAScenario(String),
}

/// The payload of a link to a scenario.
pub fn encode(scenario: &Scenario) -> String {
    let envelope = Envelope { semantics: SEMANTICS, scenario: scenario.to_value() };
    // Plain data with text keys always serialises, and memory always takes the bytes.
    let json = serde_json::to_vec(&envelope).unwrap_or_default();
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    payload(deflate.write_all(&json).and_then(|()| deflate.finish()).unwrap_or_default())
}

/// Compressed bytes with their checksum, as a payload.
fn payload(mut packed: Vec<u8>) -> String {
    packed.extend(checksum(&packed));
    format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(packed))
}

fn checksum(packed: &[u8]) -> [u8; CHECKSUM] {
    let mut crc = flate2::Crc::new();
    crc.update(packed);
    crc.sum().to_le_bytes()
}

/// Opens a link: a payload, a fragment, or a whole address.
pub fn decode(link: &str) -> Result<Opened, LinkError> {
    let link = link.trim();
    let payload = link.rfind(PREFIX).map(|at| &link[at + PREFIX.len()..]);
    if payload.is_none()
        && let Some((_, name)) = link.split_once(GALLERY_PREFIX)
    {
        return Err(LinkError::Gallery(name.split('?').next().unwrap_or(name).to_owned()));
    }
    if payload.is_none() && (link.contains("://") || link.contains('#')) {
        return Err(LinkError::Foreign);
    }
    let payload = payload.unwrap_or(link);
    let payload = payload.split('?').next().unwrap_or(payload);
    if payload.len() > MOST_CHARACTERS {
        return Err(LinkError::TooLong(payload.len()));
    }
    let version = payload.chars().next().ok_or(LinkError::Empty)?;
    if version != VERSION {
        return Err(LinkError::UnknownVersion(version));
    }
    let packed = URL_SAFE_NO_PAD.decode(&payload[1..]).map_err(|e| match e {
        base64::DecodeError::InvalidByte(at, _) => LinkError::Character(at + 1),
        _ => LinkError::Damaged,
    })?;
    let (packed, sum) = packed.split_last_chunk::<CHECKSUM>().ok_or(LinkError::Damaged)?;
    if checksum(packed) != *sum {
        return Err(LinkError::Damaged);
    }
    let mut json = Vec::new();
    let mut unpack = flate2::read::DeflateDecoder::new(packed).take(MOST_BYTES + 1);
    unpack.read_to_end(&mut json).map_err(|_| LinkError::Damaged)?;
    if json.len() as u64 > MOST_BYTES {
        return Err(LinkError::TooLarge);
    }
    let envelope: Envelope = serde_json::from_slice(&json).map_err(|_| LinkError::Damaged)?;
    let scenario = Scenario::from_value(envelope.scenario).map_err(|e| LinkError::NotAScenario(e.to_string()))?;
    let made = envelope.semantics;
    let remark =
        (made != SEMANTICS).then(|| format!("Made with version {made}; this is {SEMANTICS}; figures may differ slightly."));
    Ok(Opened { scenario, remark })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn scenario() -> Scenario {
        Scenario::from_json(include_str!("../../../scenarios/three-edges.json")).unwrap()
    }

    #[test]
    fn a_link_opens_to_the_same_scenario_and_is_short() {
        let link = encode(&scenario());
        assert!(link.len() < 2_000, "{} characters", link.len());
        for form in [link.clone(), format!("#/s/{link}"), format!("https://example.org/lab/{PREFIX}{link}?t=3s")] {
            assert_eq!(decode(&form).unwrap(), Opened { scenario: scenario(), remark: None });
        }
    }

    #[test]
    fn broken_links_say_what_is_wrong() {
        let link = encode(&scenario());
        assert_eq!(decode(""), Err(LinkError::Empty));
        assert_eq!(decode("9abc"), Err(LinkError::UnknownVersion('9')));
        assert_eq!(decode(&link[..link.len() / 2]), Err(LinkError::Damaged));
        assert_eq!(decode(&format!("{}!{}", &link[..9], &link[10..])), Err(LinkError::Character(9)));
        assert!(matches!(decode(&"1".repeat(MOST_CHARACTERS + 1)), Err(LinkError::TooLong(_))));
    }

    #[test]
    fn no_change_of_one_character_opens_as_another_scenario() {
        const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let link = encode(&scenario());
        for (at, old) in link.char_indices().skip(1) {
            let new = ALPHABET.chars().nth((at * 7) % 64).filter(|c| *c != old).unwrap_or('-');
            if new != old {
                let changed = format!("{}{new}{}", &link[..at], &link[at + 1..]);
                assert_eq!(decode(&changed), Err(LinkError::Damaged), "character {at}: {old} to {new}");
            }
        }
    }

    #[test]
    fn text_after_the_end_is_not_overlooked() {
        let link = encode(&scenario());
        for after in ["A", "AA", "AAAA", "and-some-words"] {
            assert_eq!(decode(&format!("{link}{after}")), Err(LinkError::Damaged), "{after}");
        }
        assert!(matches!(decode(&format!("{link} see?")), Err(LinkError::Character(_))));
    }

    #[test]
    fn an_address_without_a_scenario_says_what_it_is() {
        assert_eq!(decode("https://example.org/lab/#/gallery/herd?t=3"), Err(LinkError::Gallery("herd".to_owned())));
        assert_eq!(decode("#/gallery/herd"), Err(LinkError::Gallery("herd".to_owned())));
        for foreign in ["https://example.org/", "https://example.org/#about", "#"] {
            assert_eq!(decode(foreign), Err(LinkError::Foreign), "{foreign}");
        }
        assert_eq!(decode("https://example.org/#/s/"), Err(LinkError::Empty));
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        deflate.write_all(&vec![b' '; MOST_BYTES as usize + 10]).unwrap();
        assert_eq!(decode(&payload(deflate.finish().unwrap())), Err(LinkError::TooLarge));
    }
}
