//! What a file is known by.

use sha2::{Digest, Sha256};

/// SHA-256 of a file's bytes, as they are stored. Links and scenarios know the files of a trace by it.
#[derive(Clone, Debug, Default)]
pub struct Fingerprint(Sha256);

impl Fingerprint {
    /// The next bytes of the file.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The whole as 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn sha256(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
