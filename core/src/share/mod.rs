//! Links: a whole scenario in the fragment of an address.
//!
//! A payload is the format's digit, then deflate-compressed compact JSON in base64url without padding. The JSON carries its own
//! format version and the semantics version of the program that made the link, so older links migrate and differing semantics
//! are said.

use std::io::{Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::SEMANTICS;
use crate::scenario::Scenario;

/// What stands before a payload in an address: `#/s/<payload>`.
pub const PREFIX: &str = "#/s/";

/// The digit that a payload begins with.
const VERSION: char = '1';

/// The longest payload that is looked at, in characters.
pub const MOST_CHARACTERS: usize = 2_000_000;

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
    /// The digit is not known.
    #[error("The link begins with {0:?}, which this version cannot read. It may have been made by a newer FaaSLab.")]
    UnknownVersion(char),
    /// Not base64url.
    #[error("The link has a character that no link has, at place {0}. It may have been changed on its way; ask for it again.")]
    Character(usize),
    /// Compressed bytes that do not unpack.
    #[error("The link is damaged or cut off: its contents do not unpack. Ask for it again, whole.")]
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
    let packed = deflate.write_all(&json).and_then(|()| deflate.finish()).unwrap_or_default();
    format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(packed))
}

/// Opens a link: a payload, a fragment, or a whole address.
pub fn decode(link: &str) -> Result<Opened, LinkError> {
    let link = link.trim();
    let payload = link.rfind(PREFIX).map_or(link, |at| &link[at + PREFIX.len()..]);
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
    let mut json = Vec::new();
    let mut unpack = flate2::read::DeflateDecoder::new(packed.as_slice()).take(MOST_BYTES + 1);
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
    fn a_bomb_is_not_unpacked() {
        let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        deflate.write_all(&vec![b' '; MOST_BYTES as usize + 10]).unwrap();
        let link = format!("{VERSION}{}", URL_SAFE_NO_PAD.encode(deflate.finish().unwrap()));
        assert_eq!(decode(&link), Err(LinkError::TooLarge));
    }
}
